namespace Danmaku.HttpCache;

/// <summary>Receives a cache's events, for metrics. Called for every answer, from any thread: it should be quick and must not throw.</summary>
public interface ICacheObserver
{
    /// <param name="result">
    /// The result: <c>hit</c>, <c>miss</c>, <c>stale</c>, <c>revalidated</c>, or <c>error</c> when the cache itself answered with an error.
    /// </param>
    void Answered(string result);

    /// <summary>An upstream could not be reached, or answered 502, 503 or 504.</summary>
    void UpstreamFailed();
}

/// <summary>Ignores all events.</summary>
internal sealed class NoObserver : ICacheObserver
{
    public void Answered(string result)
    {
    }

    public void UpstreamFailed()
    {
    }
}
