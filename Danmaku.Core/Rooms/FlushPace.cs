namespace Danmaku.Core.Rooms;

/// <summary>When a room fans out: at once when it was quiet, else once per tick.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="every">The tick of a busy room.</param>
public sealed class FlushPace(TimeSpan every, TimeProvider time)
{
    private long? _last;

    /// <summary>How long to wait before fanning out what is ready now; zero when the last time was a tick ago or longer.</summary>
    public TimeSpan Wait =>
        _last is { } last && every - time.GetElapsedTime(last) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>The room has fanned out now.</summary>
    public void Flushed() => _last = time.GetTimestamp();
}
