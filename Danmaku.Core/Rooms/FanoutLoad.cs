namespace Danmaku.Core.Rooms;

/// <summary>
/// How much of its time an edge spends on fanning out, over all its rooms, and the tick of busy rooms that keeps it at <see cref="Share"/>. One room's
/// tick grows by itself with what its fan-out takes (<see cref="AdaptiveFlush"/>); of many small rooms none takes long, and together they do.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="shortest">The tick of busy rooms while there is time.</param>
/// <param name="longest">What waiting for a tick may add to the way of a danmaku, while the machine keeps up.</param>
/// <param name="processors">How many can fan out at the same time.</param>
public sealed class FanoutLoad(TimeSpan shortest, TimeSpan longest, int processors, TimeProvider time)
{
    /// <summary>Of all processors' time. Writing costs about the same for one danmaku as for fifty, so a longer tick is what makes it cheap.</summary>
    public const double Share = 0.4;

    /// <summary>How much the tick changes at a time, at most.</summary>
    private const double Step = 2;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);

    private long _since = time.GetTimestamp();
    private long _spent;
    private long _tick = shortest.Ticks;

    public TimeSpan Longest => longest;

    /// <summary>From one fan-out of a busy room to its next, at least.</summary>
    public TimeSpan Tick => TimeSpan.FromTicks(Volatile.Read(ref _tick));

    /// <summary>A fan-out is over.</summary>
    public void Add(TimeSpan took)
    {
        Interlocked.Add(ref _spent, took.Ticks);
        var (since, now) = (Volatile.Read(ref _since), time.GetTimestamp());
        var window = time.GetElapsedTime(since, now);
        if (window >= Window && Interlocked.CompareExchange(ref _since, now, since) == since)
        {
            var load = Interlocked.Exchange(ref _spent, 0) / (Share * processors * window.Ticks);
            var tick = (long)(Tick.Ticks * Math.Clamp(load, 1 / Step, Step));
            Volatile.Write(ref _tick, Math.Clamp(tick, shortest.Ticks, longest.Ticks));
        }
    }
}
