using Danmaku.Core.Clocks;

namespace Danmaku.Core.Storage;

/// <summary>Decides when the store may forget what is old: what it forgets by a wrong clock does not come back.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
public sealed class TrimGate
{
    /// <summary>
    /// How long the clock must have been agreed on before the store forgets anything after a start, and after the time has moved further than
    /// the monotonic clock.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private (TimeSpan Monotonic, DateTimeOffset Now)? _last;

    /// <summary>Whether to forget now what is old at <paramref name="now"/>.</summary>
    /// <param name="agreedFor">How long the clock has neither jumped nor been disputed.</param>
    public bool TryOpen(TimeSpan monotonic, DateTimeOffset now, ClockState clock, TimeSpan agreedFor)
    {
        var isUsual = _last is { } last && now - last.Now <= monotonic - last.Monotonic + ClockJudge.Tolerance;
        if (clock != ClockState.Right || (!isUsual && agreedFor < Patience))
        {
            return false;
        }

        _last = (monotonic, now);
        return true;
    }
}
