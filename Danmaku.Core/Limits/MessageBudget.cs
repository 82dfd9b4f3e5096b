namespace Danmaku.Core.Limits;

/// <summary>
/// Limits how fast one connection is read: a number of messages of any kind per second, for the connection alone and for all connections of its client
/// together. More messages are not refused, but wait.
/// </summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="perSecond">The connection's rate.</param>
/// <param name="burst">The connection's burst after a pause.</param>
/// <param name="client">The rate that it shares with its client's other connections; null when that has no limit.</param>
public sealed class MessageBudget(double perSecond, double burst, SharedRate? client, TimeProvider time)
{
    /// <summary>A connection that has been over its budget for this long is a flood.</summary>
    public static readonly TimeSpan MaxPush = TimeSpan.FromSeconds(10);

    private readonly TokenBucket _own = new(perSecond, burst, time);
    private PushTimer _push = new(time);

    /// <summary>Pays for a message.</summary>
    /// <returns>How long the message waits until it may be handled; zero when it need not wait.</returns>
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

    /// <summary>Whether it has been over its budget for <see cref="MaxPush"/>, and always had another message ready.</summary>
    public bool IsFlood => _push.Pushed >= MaxPush;
}
