using Microsoft.Extensions.Time.Testing;

namespace Danmaku.Testing;

/// <summary>A clock that only a test moves, with a wall clock that can be set while no time passes, as a real one can.</summary>
/// <remarks>
/// Thread-safe. Timers fire on the caller's thread, in order, while it is advanced. <see cref="FakeTimeProvider.AdjustTime"/> will not do for setting the
/// wall clock: timestamps go with it, so that what measures time by the wrong clock would pass.
/// </remarks>
public sealed class ManualTimeProvider() : FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000))
{
    private long _shift;

    /// <summary>Unix milliseconds by the wall clock.</summary>
    public long Now => GetUtcNow().ToUnixTimeMilliseconds();

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _shift));

    /// <remarks>Begins with 0.</remarks>
    public override long GetTimestamp() => base.GetTimestamp() - Start.Ticks;

    /// <summary>Sets the wall clock forwards or, as a time server may do, backwards; no time passes.</summary>
    public void Shift(TimeSpan by) => Interlocked.Add(ref _shift, by.Ticks);
}
