namespace Danmaku.Core.Rooms;

/// <summary>
/// Decides when a room on an edge fans out: at once after a quiet time, else one tick after the first pending danmaku. The tick is two and a half times the
/// time of a fan-out, within bounds. So it grows with the number of viewers and the load of the machine, and batches grow with it. It is never shorter than the
/// load of all rooms together allows.
/// </summary>
/// <remarks>
/// Not thread-safe; it has one owner. Writing costs about the same for one danmaku as for fifty, so a longer tick makes many viewers cheap. If fan-outs take
/// longer than the longest tick, each is still followed by a pause, in which the room handles what has come meanwhile. If more danmaku come than can be
/// written, fan-outs would take longer and longer: a fan-out that would take longer than <see cref="Longest"/> leaves out the oldest danmaku.
/// </remarks>
/// <param name="load">The load of all rooms, with the bounds.</param>
public sealed class AdaptiveFlush(FanOutLoad load, TimeProvider time)
{
    /// <summary>The longest fan-out. If more is pending, only the newest danmaku are sent, as many as take four fifths of it.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>This many bytes are always sent (<see cref="Comment.Bytes"/>): with fewer, the number of writes takes the time, not their size.</summary>
    public const long AlwaysBearable = 256 * 1024;

    private const double Pause = 1.1;

    /// <summary>The weight of one fan-out in the estimate for the next.</summary>
    private const double Weight = 0.25;

    private long? _last;

    /// <summary>How long pending danmaku wait, and since when; null before the first question.</summary>
    private (long Since, TimeSpan Wait)? _due;

    private bool _wasShared;
    private TimeSpan _takes;
    private TimeSpan _tick;

    /// <summary>The time and size of the last fan-out.</summary>
    private TimeSpan _took;

    private long _bytes;

    /// <summary>The current tick: how long danmaku wait for others, and the least time between two fan-outs.</summary>
    public TimeSpan Tick => _tick < load.Tick ? load.Tick : _tick;

    /// <summary>
    /// How long pending danmaku still wait, counted from the first question since the last fan-out. They do not wait if the last fan-out was at least one tick
    /// ago. Otherwise they wait one tick, in which others may come. If the last fan-out had only one danmaku, they wait only until one tick after it.
    /// </summary>
    public TimeSpan Wait()
    {
        var now = time.GetTimestamp();
        _due ??= (now, FullWait(now));
        var (since, wait) = _due.Value;
        return wait - time.GetElapsedTime(since, now) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>How many pending bytes there is time for: all, unless the last fan-out was large and slow.</summary>
    /// <param name="ready">Pending bytes of danmaku (<see cref="Comment.Bytes"/>).</param>
    public long Bearable(long ready)
    {
        if (_took < Longest / 4 || _bytes < AlwaysBearable || ready * (_took / _bytes) <= Longest)
        {
            return ready;
        }

        return Math.Max(AlwaysBearable, (long)(_bytes * (0.8 * Longest / _took)));
    }

    /// <summary>A fan-out begins.</summary>
    public void FanOutStarts() => (_last, _due) = (time.GetTimestamp(), null);

    /// <summary>The current fan-out ends.</summary>
    /// <param name="count">How many danmaku it had.</param>
    /// <param name="bytes">Their bytes (<see cref="Comment.Bytes"/>).</param>
    public void End(int count, long bytes)
    {
        _wasShared = count > 1;
        var took = time.GetElapsedTime(_last ?? time.GetTimestamp());
        (_took, _bytes) = (took, bytes);
        _takes += Weight * (took - _takes);
        load.Add(took);
        var tick = _takes / FanOutLoad.Share;
        tick = tick > load.Longest ? load.Longest : tick;
        _tick = Pause * _takes > tick ? Pause * _takes : tick;
    }

    private TimeSpan FullWait(long now)
    {
        if (_last is not { } last || time.GetElapsedTime(last, now) is var elapsed && elapsed >= Tick)
        {
            return TimeSpan.Zero;
        }

        return _wasShared && load.Tick > Tick - elapsed ? load.Tick : Tick - elapsed;
    }
}
