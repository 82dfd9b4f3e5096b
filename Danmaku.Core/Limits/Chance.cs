namespace Danmaku.Core.Limits;

/// <summary>Chance for all of a node who need some: waits that differ, orders that nobody foresees. Thread-safe.</summary>
/// <param name="seed">The same gives the same numbers, where one thread asks.</param>
public sealed class Chance(int seed)
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);

    /// <summary>At least 0 and less than 1.</summary>
    public double Next()
    {
        lock (_gate)
        {
            return _random.NextDouble();
        }
    }
}
