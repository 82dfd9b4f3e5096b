namespace Danmaku.Chaos.Faults;

public enum FaultKind
{
    KillEdge,
    KillOrigin,
    KillBoth,
    StopEdge,
    StopOrigin,
    Roll,
    PauseEdge,
    PauseOrigin,
    CutEdge,
    CutOrigin,
    Store,
    Slow,
    Vanish,
    FillDisk,
    ClockEdge,
    ClockOrigin,
}

/// <summary>One thing that is broken on purpose.</summary>
/// <param name="Pick">Chooses among what can be hit; only its remainder matters.</param>
/// <param name="Calm">How long all is left alone before.</param>
/// <param name="Length">How long it lasts, where it is up to us; else zero.</param>
public sealed record Fault(FaultKind Kind, int Pick, TimeSpan Calm, TimeSpan Length);

/// <summary>The catalogue of faults: their names on the command line and in reports, and what they are.</summary>
public static class FaultKinds
{
    private static readonly Dictionary<FaultKind, (string Name, string Meaning)> Catalogue = new()
    {
        [FaultKind.KillEdge] = ("kill-edge", "kill -9 of an edge"),
        [FaultKind.KillOrigin] = ("kill-origin", "kill -9 of an origin that owns rooms"),
        [FaultKind.KillBoth] = ("kill-both", "kill -9 of an edge and of an origin that owns rooms, a second apart"),
        [FaultKind.StopEdge] = ("stop-edge", "SIGTERM of an edge"),
        [FaultKind.StopOrigin] = ("stop-origin", "SIGTERM of an origin that owns rooms"),
        [FaultKind.Roll] = ("roll", "SIGTERM of every node, one after the other, edges first"),
        [FaultKind.PauseEdge] = ("pause-edge", "SIGSTOP of an edge, SIGCONT 20 s later"),
        [FaultKind.PauseOrigin] = ("pause-origin", "SIGSTOP of an origin that owns rooms, SIGCONT 20 s later"),
        [FaultKind.CutEdge] = ("cut-edge", "no packet between an edge and the other nodes for a while"),
        [FaultKind.CutOrigin] = ("cut-origin", "no packet between an origin that owns rooms and the other nodes for a while"),
        [FaultKind.Store] = ("store", "kill -9 of the store, started again a while later"),
        [FaultKind.Slow] = ("slow", "a quarter of the viewers stop reading for a while"),
        [FaultKind.Vanish] = ("vanish", "a quarter of the viewers are gone without a word, and come back"),
        [FaultKind.FillDisk] = ("fill-disk", "the disk of an origin with SQLite, else of an edge, is full for a while"),
        [FaultKind.ClockEdge] = ("clock-edge", "the wall clock of an edge jumps by 8 days, ahead or back, and is set right a while later"),
        [FaultKind.ClockOrigin] = ("clock-origin", "the wall clock of an origin that owns rooms jumps likewise"),
    };

    public static IReadOnlyCollection<FaultKind> All => Catalogue.Keys;

    public static string Name(this FaultKind kind) => Catalogue[kind].Name;

    public static string Meaning(this FaultKind kind) => Catalogue[kind].Meaning;

    /// <returns>Null when no fault has this name.</returns>
    public static FaultKind? Find(string name)
    {
        foreach (var (kind, (known, _)) in Catalogue)
        {
            if (known == name)
            {
                return kind;
            }
        }

        return null;
    }
}
