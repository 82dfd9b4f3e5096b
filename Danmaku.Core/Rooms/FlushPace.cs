namespace Danmaku.Core.Rooms;

/// <summary>When a room does what it does now and then: at once when the last time was long ago, else once per tick. <see cref="FanoutPace"/> is for batches.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="every">The tick of a busy room.</param>
public sealed class FlushPace(TimeSpan every, TimeProvider time)
{
    private long? _last;

    /// <summary>How long to wait before doing it; zero when the last time was a tick ago or longer.</summary>
    public TimeSpan Wait =>
        _last is { } last && every - time.GetElapsedTime(last) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>The room has done it now.</summary>
    public void Flushed() => _last = time.GetTimestamp();
}
