namespace Danmaku.Core.Limits;

/// <summary>The rate at which one connection posts: its socket takes, and its room gives back what was taken for a repeat. Thread-safe.</summary>
public sealed class PostRate(double perSecond, double burst, TimeProvider time)
{
    private readonly TokenBucket _bucket = new(perSecond, burst, time);
    private readonly Lock _gate = new();

    /// <returns>Null when it may post, else how long it is to wait.</returns>
    public TimeSpan? TryTake()
    {
        lock (_gate)
        {
            return _bucket.TryTake();
        }
    }

    /// <summary>The last one was no new post, or nobody knows what became of it: sending it again costs nothing.</summary>
    public void Return()
    {
        lock (_gate)
        {
            _bucket.Return();
        }
    }
}
