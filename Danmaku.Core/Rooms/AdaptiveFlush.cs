namespace Danmaku.Core.Rooms;

/// <summary>
/// When a room on an edge fans out: at once when it was quiet, else a tick after the first danmaku that is ready. The tick is two and a half times
/// what a fan-out takes, within bounds, so that it grows with the number of viewers and with whatever else the machine does, and batches grow with
/// it; it is no shorter than what all rooms together can bear.
/// </summary>
/// <remarks>
/// Not thread-safe; it has one owner. Writing costs about the same for one danmaku as for fifty: a longer tick is what makes a crowd cheap.
/// Beyond the longest tick a fan-out that takes longer still gets a pause, in which the room hears what has come meanwhile. Where more comes than can be
/// written, each would take longer than the one before: one that would take longer than <see cref="Longest"/> leaves out the oldest.
/// </remarks>
/// <param name="load">Of all rooms, with the bounds.</param>
public sealed class AdaptiveFlush(FanoutLoad load, TimeProvider time)
{
    /// <summary>What a fan-out may take. Where more is ready, what goes out is the newest that takes four fifths of that.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>So much always goes out (<see cref="Comment.Bytes"/>): with less, it is the number of writes that takes the time, and not what is in them.</summary>
    public const long AlwaysBearable = 256 * 1024;

    private const double Pause = 1.1;

    /// <summary>How much one fan-out says about the next.</summary>
    private const double Weight = 0.25;

    private long? _last;

    /// <summary>For how long what is ready waits, and since when; null while nobody has asked.</summary>
    private (long Since, TimeSpan Wait)? _due;

    private bool _wasShared;
    private TimeSpan _takes;
    private TimeSpan _tick;

    /// <summary>What the last fan-out took, and how much it was.</summary>
    private TimeSpan _took;

    private long _bytes;

    /// <summary>What danmaku wait for others, and least from one fan-out to the next, as things are.</summary>
    public TimeSpan Tick => _tick < load.Tick ? load.Tick : _tick;

    /// <summary>
    /// How long what is ready still waits to go out, from when that was first asked since the last fan-out. Not at all when the last one was a tick ago or
    /// longer. Else a tick, in which others come and share its fan-out; when the last fan-out was shared with none, only until a tick after that.
    /// </summary>
    public TimeSpan Wait()
    {
        var now = time.GetTimestamp();
        _due ??= (now, FullWait(now));
        var (since, wait) = _due.Value;
        return wait - time.GetElapsedTime(since, now) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>How much of what is ready there is time for; all of it unless the last fan-out was large and took long.</summary>
    /// <param name="ready">Of danmaku (<see cref="Comment.Bytes"/>).</param>
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

    /// <summary>The fan-out that began last is over.</summary>
    /// <param name="count">Danmaku in it.</param>
    /// <param name="bytes">Of these (<see cref="Comment.Bytes"/>).</param>
    public void End(int count, long bytes)
    {
        _wasShared = count > 1;
        var took = time.GetElapsedTime(_last ?? time.GetTimestamp());
        (_took, _bytes) = (took, bytes);
        _takes += Weight * (took - _takes);
        load.Add(took);
        var tick = _takes / FanoutLoad.Share;
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
