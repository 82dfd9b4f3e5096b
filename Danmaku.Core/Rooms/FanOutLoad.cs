namespace Danmaku.Core.Rooms;

/// <summary>
/// Measures how much of its time an edge spends on fan-outs, over all its rooms, and chooses the tick of busy rooms that keeps this at <see cref="Share"/>. One
/// large room's tick grows by itself (<see cref="AdaptiveFlush"/>). Fan-outs of many small rooms are short, but together they take long.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="shortest">The tick of busy rooms under low load.</param>
/// <param name="longest">The longest tick, while the machine keeps up.</param>
/// <param name="processors">How many fan-outs can run at the same time.</param>
public sealed class FanOutLoad(TimeSpan shortest, TimeSpan longest, int processors, TimeProvider time)
{
    /// <summary>The target share of all processors' time. Writing costs about the same for one danmaku as for fifty, so a longer tick makes it cheap.</summary>
    public const double Share = 0.4;

    /// <summary>The largest change of the tick in one step.</summary>
    private const double Step = 2;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);

    private long _since = time.GetTimestamp();
    private long _spent;
    private long _tick = shortest.Ticks;

    public TimeSpan Longest => longest;

    /// <summary>The least time between two fan-outs of a busy room.</summary>
    public TimeSpan Tick => TimeSpan.FromTicks(Volatile.Read(ref _tick));

    /// <summary>A fan-out has ended.</summary>
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
