namespace Danmaku.Testing;

/// <summary>The system's clocks, with a wall clock that a test can set. Thread-safe.</summary>
public sealed class ShiftedTimeProvider : TimeProvider
{
    private long _shift;

    /// <summary>Sets the wall clock so far from the right time.</summary>
    public void Set(TimeSpan shift) => Volatile.Write(ref _shift, shift.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _shift));
}
