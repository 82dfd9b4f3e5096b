namespace Danmaku.Chaos.Faults;

/// <summary>What is broken, and in which order. The same seed gives the same schedule.</summary>
public static class Schedule
{
    /// <summary>What CI runs: each of these once.</summary>
    private static readonly FaultKind[] Few =
        [FaultKind.KillOrigin, FaultKind.KillEdge, FaultKind.StopOrigin, FaultKind.StopEdge, FaultKind.Store];

    /// <summary>The few that matter most, each once, in an order of the seed's.</summary>
    public static IEnumerable<Fault> Brief(int seed)
    {
        var random = new Random(seed);
        FaultKind[] kinds = [.. Few];
        random.Shuffle(kinds);
        return [.. kinds.Select(kind => Create(kind, random))];
    }

    /// <summary>Without end: all kinds in an order of the seed's, then all in another order.</summary>
    /// <param name="kinds">At least one. Their order does not matter.</param>
    public static IEnumerable<Fault> Endless(int seed, IReadOnlyCollection<FaultKind> kinds)
    {
        var random = new Random(seed);
        FaultKind[] round = [.. kinds.Distinct().Order()];
        while (true)
        {
            random.Shuffle(round);
            foreach (var kind in round)
            {
                yield return Create(kind, random);
            }
        }
    }

    private static Fault Create(FaultKind kind, Random random)
    {
        // Always three draws, so that a kind's range can change without changing what follows.
        var (pick, calm, length) = (random.Next(), random.NextDouble(), random.NextDouble());
        return new Fault(kind, pick, Between(1, 4, calm), kind switch
        {
            FaultKind.PauseEdge or FaultKind.PauseOrigin => TimeSpan.FromSeconds(20),
            FaultKind.CutEdge or FaultKind.CutOrigin => Between(4, 25, length),
            FaultKind.Store => Between(1, 6, length),
            FaultKind.Slow => Between(15, 30, length),
            FaultKind.Vanish => Between(1, 15, length),
            FaultKind.FillDisk => Between(4, 15, length),
            FaultKind.ClockEdge or FaultKind.ClockOrigin => Between(5, 30, length),
            _ => TimeSpan.Zero,
        });
    }

    private static TimeSpan Between(double from, double to, double share) => TimeSpan.FromMilliseconds(Math.Round(1000 * (from + share * (to - from))));
}
