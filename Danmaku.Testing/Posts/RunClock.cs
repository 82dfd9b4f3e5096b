namespace Danmaku.Testing.Posts;

/// <summary>Microseconds since the run began, from the monotonic clock.</summary>
public sealed class RunClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeProvider Time => time;

    public long Micros => (long)time.GetElapsedTime(_start).TotalMicroseconds;
}
