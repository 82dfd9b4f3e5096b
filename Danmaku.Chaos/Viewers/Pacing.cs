namespace Danmaku.Chaos.Viewers;

/// <summary>Waiting for a point in time rather than for a while, so that being late once does not delay all that follows.</summary>
public static class Pacing
{
    /// <summary>Returns at once when the time has passed.</summary>
    public static Task DelayUntil(this TimeProvider time, long startTimestamp, TimeSpan due, CancellationToken cancellation)
    {
        var wait = due - time.GetElapsedTime(startTimestamp);

        // Delays are whole milliseconds, cut off: without rounding up, the last part of one would be spent spinning.
        return wait > TimeSpan.Zero
            ? Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), time, cancellation)
            : Task.CompletedTask;
    }
}
