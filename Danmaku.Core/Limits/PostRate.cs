namespace Danmaku.Core.Limits;

/// <summary>
/// The rate at which one connection, or one client, posts. The socket takes a token for each post, and the room returns it for a repeat. Thread-safe.
/// </summary>
/// <param name="client">The rate that it shares with the other connections of its client; null when that has no limit.</param>
public sealed class PostRate(double perSecond, double burst, TimeProvider time, PostRate? client = null)
{
    private readonly TokenBucket _bucket = new(perSecond, burst, time);
    private readonly Lock _gate = new();

    /// <summary>Whether at least half of the burst is left, for the connection and for its client.</summary>
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

    /// <returns>Null when it may post, else how long it must wait.</returns>
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

    /// <summary>Returns a token: the post was a repeat, or its outcome is unknown, so sending it again costs nothing.</summary>
    public void Return()
    {
        lock (_gate)
        {
            _bucket.Return();
        }

        client?.Return();
    }
}
