using Danmaku.Chaos.Faults;

namespace Danmaku.Chaos;

public enum StoreKind
{
    Postgresql,
    Sqlite,
    Memory,
}

/// <summary>What a run is asked for.</summary>
/// <param name="Duration">How long faults are begun; the short schedule ends by itself.</param>
/// <param name="IsShort">The schedule that CI runs; else an endless one.</param>
/// <param name="Faults">Of the endless schedule, only these; null for all.</param>
/// <param name="Node">The executable of a node.</param>
/// <param name="Rate">Posts per second, of all together.</param>
/// <param name="SettleLimit">How long the cluster may take to be whole again after a fault.</param>
public sealed record ChaosSettings(
    TimeSpan Duration,
    int Seed,
    StoreKind Store,
    bool IsShort,
    IReadOnlyList<FaultKind>? Faults,
    int Viewers,
    int Rooms,
    double Rate,
    TimeSpan SettleLimit,
    string Node,
    bool IsVerbose)
{
    /// <summary>What runs the same schedule again.</summary>
    public string Command => FormattableString.Invariant($"dotnet run -c Release --project Danmaku.Chaos -- --duration {Duration.TotalSeconds:0.###}s ")
        + FormattableString.Invariant($"--seed {Seed} --schedule {(IsShort ? "short" : "all")} --store {StoreName}{FaultOptions} ")
        + FormattableString.Invariant($"--viewers {Viewers} --rooms {Rooms} --rate {Rate:0.##}");

    /// <summary>Whether clocks of nodes may be set in the run.</summary>
    public bool SetsClocks => !IsShort && (Faults is null || Faults.Any(kind => kind is FaultKind.ClockEdge or FaultKind.ClockOrigin));

    private string FaultOptions => Faults is null ? "" : string.Concat(Faults.Select(kind => $" --faults {kind.Name()}"));

    public string StoreName => $"{Store}".ToLowerInvariant();
}
