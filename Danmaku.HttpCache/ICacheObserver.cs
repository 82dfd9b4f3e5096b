namespace Danmaku.HttpCache;

/// <summary>Hears what a cache does, for metrics. Called on the way of every answer, from any thread: it should be quick and throw nothing.</summary>
public interface ICacheObserver
{
    /// <param name="result">How a request was answered: <c>hit</c>, <c>miss</c>, <c>stale</c>, <c>revalidated</c>, or <c>error</c> for an answer of the cache's own.</param>
    void Answered(string result);

    /// <summary>An upstream was not reached, or answered 502, 503 or 504.</summary>
    void UpstreamFailed();
}

/// <summary>Nobody listens.</summary>
internal sealed class NoObserver : ICacheObserver
{
    public void Answered(string result)
    {
    }

    public void UpstreamFailed()
    {
    }
}
