namespace Danmaku.Core.Limits;

/// <summary>The rate at which all connections of one client may send together. Thread-safe.</summary>
public sealed class SharedRate(double perSecond, double burst, TimeProvider time)
{
    private readonly TokenBucket _bucket = new(perSecond, burst, time);
    private readonly Lock _gate = new();

    /// <summary>Takes a turn, see <see cref="TokenBucket.Reserve"/>.</summary>
    /// <returns>How long until the turn comes, and whether at least half of the burst is left.</returns>
    public (TimeSpan Wait, bool IsHalfFull) Reserve(TimeSpan most)
    {
        lock (_gate)
        {
            return (_bucket.Reserve(most), _bucket.IsHalfFull);
        }
    }
}
