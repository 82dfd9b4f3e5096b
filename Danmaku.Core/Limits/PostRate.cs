namespace Danmaku.Core.Limits;

/// <summary>The rate at which one connection, or one client, posts: its socket takes, and its room gives back what was taken for a repeat. Thread-safe.</summary>
/// <param name="client">The rate that it shares with the other connections of its client; null where that has no limit.</param>
public sealed class PostRate(double perSecond, double burst, TimeProvider time, PostRate? client = null)
{
    private readonly TokenBucket _bucket = new(perSecond, burst, time);
    private readonly Lock _gate = new();

    /// <summary>Whether at least half of the burst is there, here and with the client.</summary>
    public bool IsHalfFull
    {
        get
        {
            lock (_gate)
            {
                return _bucket.IsHalfFull && client?.IsHalfFull != false;
            }
        }
    }

    /// <returns>Null when it may post, else how long it is to wait.</returns>
    public TimeSpan? TryTake()
    {
        lock (_gate)
        {
            if (_bucket.TryTake() is { } wait)
            {
                return wait;
            }

            if (client?.TryTake() is { } shared)
            {
                _bucket.Return();
                return shared;
            }

            return null;
        }
    }

    /// <summary>The last one was no new post, or nobody knows what became of it: sending it again costs nothing.</summary>
    public void Return()
    {
        lock (_gate)
        {
            _bucket.Return();
        }

        client?.Return();
    }
}
