using System.Globalization;
using Danmaku.Bench.Flood;

namespace Danmaku.Bench.Report;

/// <summary>A flood report as a table: a row for each attack.</summary>
public static class FloodFigures
{
    public static readonly IReadOnlyList<string> Columns =
    [
        "attack", "attackers", "ack p50, p99; delivery p99 before", "beside the stand-in", "beside the attack", "p99 ratio: ack, delivery",
        "newcomers' p99", "back after", "after", "nodes' cores, MiB", "the honest",
    ];

    public static IEnumerable<IReadOnlyList<string>> Rows(FloodReport report) => report.Attacks.Select(attack => attack.WhyNot is { } reason
        ? (IReadOnlyList<string>)[Name(attack.Attack), .. Enumerable.Repeat("–", Columns.Count - 2), $"not measured: {reason}"]
        :
        [
            Name(attack.Attack), Attackers(attack), Latencies(attack.Before), Latencies(attack.Beside), Latencies(attack.During),
            $"{Ratio(attack.AckRatio)}, {Ratio(attack.DeliveryRatio)}", attack.Newcomers.Count == 0 ? "–" : Text($"{attack.Newcomers.P99:0.0} ms"),
            attack.Recovery is { } recovery ? Text($"{recovery.TotalSeconds:0.0} s") : "–", Latencies(attack.After), Nodes(attack.During),
            attack.Faults(report.Settings.MaxRatio).ToArray() is { Length: > 0 } faults ? string.Join("; ", faults) : "felt nothing",
        ]);

    public static string Markdown(FloodReport report) => $"{Testing.Terminal.Markdown.BeginBench(report.Machine).AppendTable(Columns, Rows(report))}";

    public static string Name(AttackKind attack) => $"{attack}".ToLowerInvariant();

    private static string Attackers(FloodResult result)
    {
        if (result.Attackers is not { } counts)
        {
            return "–";
        }

        (string Name, long Count)[] did =
        [
            (result.Attack == AttackKind.Rooms ? "rooms opened" : "posts taken", counts.Reached), ("messages", counts.Messages), ("refused", counts.Refused),
            ("closed", counts.Closed), ("without a connection", counts.Failed),
        ];
        var addresses = Text($"{result.Size.Addresses:#,0} {(result.Size.Addresses == 1 ? "address" : "addresses")}");
        return string.Join(
            ", ",
            [
                Text($"{counts.Connected:#,0} connections of {addresses} in {counts.Elapsed.TotalSeconds:0} s"),
                .. did.Where(what => what.Count > 0).Select(what => Text($"{what.Count:#,0} {what.Name}")), Text($"{counts.Cores:0.00} cores"),
            ]);
    }

    private static string Latencies(Measurement? measurement) => measurement is { Latency.Count: > 0 }
        ? Text($"{measurement.AckLatency.P50:0.0}, {measurement.AckLatency.P99:0.0}; {measurement.Latency.P99:0.0} ms")
        : "–";

    private static string Nodes(Measurement? measurement) => measurement is { Load.Servers.Count: > 0 }
        ? Text($"{measurement.Load.Servers.Sum(server => server.Cores):0.00}, {measurement.Load.Servers.Sum(server => server.ResidentBytes) / 1048576.0:0}")
        : "–";

    private static string Ratio(double? ratio) => ratio is { } value ? Text($"{value:0.0}") : "–";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
