namespace Danmaku.Core.Limits;

/// <summary>
/// How fast one connection is read: so many messages of any kind per second, by itself and together with the others of its client. What is too much is
/// not refused, but waits.
/// </summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="perSecond">Of the connection.</param>
/// <param name="burst">Of the connection, after a pause.</param>
/// <param name="client">What it shares with others; null where that has no limit.</param>
public sealed class MessageBudget(double perSecond, double burst, SharedRate? client, TimeProvider time)
{
    /// <summary>Who has pushed for so long is a flood.</summary>
    public static readonly TimeSpan MaxPush = TimeSpan.FromSeconds(10);

    private readonly TokenBucket _own = new(perSecond, burst, time);
    private PushTimer _push = new(time);

    /// <summary>Pays for a message.</summary>
    /// <returns>How long it has to wait until it may be handled; zero for not at all.</returns>
    public TimeSpan Take()
    {
        var (shared, isEased) = client?.Reserve(MaxPush) ?? (TimeSpan.Zero, true);
        var own = _own.Reserve(MaxPush);
        var wait = own > shared ? own : shared;
        var now = time.GetTimestamp();
        _push.Ask(isEased && _own.IsHalfFull, now);
        if (wait > TimeSpan.Zero)
        {
            _push.Wait(now);
        }

        _push.Turn(now, wait);
        return wait;
    }

    /// <summary>Whether it has been over its budget for <see cref="MaxPush"/>, and always had more to say when its turn came.</summary>
    public bool IsFlood => _push.Pushed >= MaxPush;
}
