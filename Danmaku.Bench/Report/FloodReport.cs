using Danmaku.Bench.Flood;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Report;

/// <summary>What the honest felt of one attack.</summary>
/// <param name="Before">Without an attack; <paramref name="Beside"/>: while attackers met the stand-in. Null when nothing could be measured.</param>
public sealed record FloodResult(AttackKind Attack, AttackSize Size, Measurement? Before, Measurement? Beside)
{
    /// <summary>Beside the attack. Null when it was not measured to its end.</summary>
    public Measurement? During { get; init; }

    /// <summary>When all was as before, or was to be.</summary>
    public Measurement? After { get; init; }

    /// <summary>From the end of the attack until p99 was back; null if it did not come back in time.</summary>
    public TimeSpan? Recovery { get; init; }

    /// <summary>From when viewers began to connect beside the attack until they had joined.</summary>
    public Latency Newcomers { get; init; } = Latency.None;

    /// <summary>Viewers that had not been let in when the attack ended.</summary>
    public int Waiting { get; init; }

    public AttackCounts? Attackers { get; init; }

    /// <summary>Of the whole run.</summary>
    public Sequences Sequences { get; init; } = Sequences.None;

    public Posts Posts { get; init; } = Posts.None;

    /// <summary>Viewers that were cut off or not let in, by how.</summary>
    public IReadOnlyDictionary<string, int> Cut { get; init; } = new Dictionary<string, int>();

    public int VisitorsServed { get; init; }

    /// <summary>By why.</summary>
    public IReadOnlyDictionary<string, int> VisitorsRefused { get; init; } = new Dictionary<string, int>();

    /// <summary>Nodes that ended by themselves, and how.</summary>
    public IReadOnlyList<string> Ended { get; init; } = [];

    /// <summary>Why the run ended early once the attack had begun.</summary>
    public string? Broken { get; init; }

    /// <summary>Why nothing could be measured.</summary>
    public string? WhyNot { get; init; }

    /// <summary>p99 of acknowledgements beside the attack, in times of what it is beside the stand-in; null if there were none.</summary>
    public double? AckRatio => Ratio(During?.AckLatency, Beside?.AckLatency);

    /// <summary>The same of deliveries.</summary>
    public double? DeliveryRatio => Ratio(During?.Latency, Beside?.Latency);

    /// <summary>All that the honest felt and should not have.</summary>
    public IEnumerable<string> Faults(double maxRatio)
    {
        (string Name, long Count)[] counts =
        [
            ("missing", Sequences.Missing), ("doubled", Sequences.Doubled), ("reordered", Sequences.Reordered), ("breaks of continuity", Sequences.Breaks),
            ("viewers that got nothing", Sequences.Silent), ("posts with two answers", Posts.Contradictions), ("posts unanswered", Posts.Unanswered),
            ("posts of unknown outcome", Posts.Unknown), ("viewers not let in until the attack ended", Waiting),
        ];
        return
        [
            .. Broken is null ? [] : new[] { Broken },
            .. Ended,
            .. counts.Where(count => count.Count > 0).Select(count => $"{count.Count} {count.Name}"),
            .. Cut.Select(cut => $"{cut.Value} viewers cut off: {cut.Key}"),
            .. Posts.Rejected.Select(rejected => $"{rejected.Value} posts refused: {rejected.Key}"),
            .. VisitorsRefused.Select(refused => $"{refused.Value} visitors refused: {refused.Key}"),
            .. Broken is null && During is not { IsSettled: true } ? ["not settled 10 s after the last post beside the attack"] : Array.Empty<string>(),
            .. During is { AckLatency.Count: 0 } ? ["no post was acknowledged beside the attack"] : Array.Empty<string>(),
            .. TooSlow("acknowledgements", AckRatio, maxRatio),
            .. TooSlow("deliveries", DeliveryRatio, maxRatio),
            .. Broken is null && Recovery is null
                ? [FormattableString.Invariant($"p99 not back {FloodRun.MaxRecovery.TotalSeconds:0} s after the attack")]
                : Array.Empty<string>(),
        ];
    }

    private static IEnumerable<string> TooSlow(string what, double? ratio, double maxRatio) =>
        ratio > maxRatio ? [FormattableString.Invariant($"p99 of {what} {ratio:0.0} times what the machine costs")] : [];

    private static double? Ratio(Latency? during, Latency? beside) => (during, beside) is ({ Count: > 0 }, { Count: > 0 }) ? during.P99 / beside.P99 : null;
}

/// <summary>What the honest felt of all attacks.</summary>
public sealed record FloodReport(Machine Machine, FloodSettings Settings, IReadOnlyList<FloodResult> Attacks)
{
    /// <summary>Whether any attack was felt.</summary>
    public bool IsFelt => Attacks.Any(attack => attack.WhyNot is null && attack.Faults(Settings.MaxRatio).Any());

    /// <summary>Whether any could not be measured.</summary>
    public bool IsIncomplete => Attacks.Any(attack => attack.WhyNot is not null);

    /// <summary>With what the process ends.</summary>
    public int ExitCode => this switch
    {
        { IsFelt: true } => Testing.Terminal.ExitCode.NotClean,
        { IsIncomplete: true } => Testing.Terminal.ExitCode.NothingMeasured,
        _ => Testing.Terminal.ExitCode.Clean,
    };
}
