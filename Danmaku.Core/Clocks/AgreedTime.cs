namespace Danmaku.Core.Clocks;

/// <summary>
/// The time that a node uses: its wall clock while that agrees with the agreed time, else the agreed time, carried on by the monotonic clock. So a clock that
/// has just jumped stamps nothing.
/// </summary>
/// <remarks>Thread-safe. Timestamps and timers are the system's.</remarks>
public sealed class AgreedTime : TimeProvider
{
    private readonly TimeProvider _system;
    private long _agreed;

    /// <param name="system">Its wall clock is trusted until <see cref="Agree"/> sets another time.</param>
    public AgreedTime(TimeProvider system)
    {
        _system = system;
        Agree(Wall);
    }

    /// <summary>The monotonic clock: the time since some fixed moment.</summary>
    public TimeSpan Monotonic => _system.GetElapsedTime(0);

    /// <summary>The wall clock's time, right or wrong.</summary>
    public DateTimeOffset WallClock => _system.GetUtcNow();

    /// <summary>How far the wall clock is ahead of the monotonic one.</summary>
    public TimeSpan Wall
    {
        get
        {
            while (true)
            {
                var before = Monotonic;
                var wall = WallClock - DateTimeOffset.UnixEpoch;

                // If the process was stopped between the two reads, they belong to two moments: read again.
                if (Monotonic - before < TimeSpan.FromSeconds(1))
                {
                    return wall - before;
                }
            }
        }
    }

    /// <summary>How far the agreed time is ahead of the monotonic clock.</summary>
    public TimeSpan Agreed => TimeSpan.FromTicks(Volatile.Read(ref _agreed));

    /// <summary>How far the wall clock is ahead of the agreed time; negative when it is behind.</summary>
    public TimeSpan Ahead => Wall - Agreed;

    public override long TimestampFrequency => _system.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => _system.LocalTimeZone;

    /// <summary>How far a time is ahead of the monotonic clock.</summary>
    public TimeSpan Offset(DateTimeOffset time) => time - DateTimeOffset.UnixEpoch - Monotonic;

    /// <summary>Sets <see cref="Agreed"/>.</summary>
    public void Agree(TimeSpan offset) => Volatile.Write(ref _agreed, offset.Ticks);

    public override DateTimeOffset GetUtcNow()
    {
        var wall = WallClock;
        var agreed = DateTimeOffset.UnixEpoch + Monotonic + Agreed;
        return (wall - agreed).Duration() <= ClockJudge.Tolerance ? wall : agreed;
    }

    public override long GetTimestamp() => _system.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _system.CreateTimer(callback, state, dueTime, period);
}
