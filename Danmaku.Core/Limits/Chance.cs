namespace Danmaku.Core.Limits;

/// <summary>Random numbers for all parts of a node: for waits that differ and orders that nobody can predict. Thread-safe.</summary>
/// <param name="seed">The same seed gives the same numbers if one thread asks.</param>
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
