using System.Globalization;
using Danmaku.Bench.Compare;

namespace Danmaku.Bench.Report;

/// <summary>What a comparison found.</summary>
/// <param name="Runs">All runs of all peers, in their order.</param>
public sealed record ComparisonReport(Machine Machine, int Viewers, int Bytes, IReadOnlyList<double> Rates, IReadOnlyList<PeerRun> Runs);

/// <summary>A comparison as a table with a row for each peer: medians over its runs, and the least and the most.</summary>
public static class ComparisonFigures
{
    private const double MaxP99 = 250;

    public static IReadOnlyList<string> Columns(ComparisonReport report) =>
    [
        "server", "max deliveries/s", "p99 ms there", "deliveries per core-second there",
        .. report.Rates.SelectMany(rate => new[] { Text($"{rate:0.##}/s: µs per delivery"), "p50 ms", "p99 ms", "core %" }), "bytes per delivery",
    ];

    public static IEnumerable<IReadOnlyList<string>> Rows(ComparisonReport report) => report.Runs
        .GroupBy(run => run.Peer)
        .Select(peer => (IReadOnlyList<string>)
        [
            peer.Key,
            Spread(peer.Select(run => run.Best?.Flow.DeliveriesPerSecond), "#,0"),
            Spread(peer.Select(run => run.Best?.Latency.P99), "0"),
            Spread(peer.Select(run => run.Best is { } best ? 1e6 / Micros(best) : (double?)null), "#,0"),
            .. report.Rates.SelectMany((_, i) => Cells([.. peer.Select(run => run.Rates.ElementAtOrDefault(i))])),
            Spread(peer.Select(run => run.Rates.Count > 0 ? run.Rates[0].Flow.BytesPerDelivery : (double?)null), "0"),
        ]);

    /// <summary>What a reader must know before believing the figures.</summary>
    public static IEnumerable<string> Remarks(ComparisonReport report)
    {
        foreach (var run in report.Runs.Where(run => run.WhyNot is not null).DistinctBy(run => run.Peer))
        {
            yield return $"{run.Peer}: {run.WhyNot}";
        }

        foreach (var peer in report.Runs.Where(run => run.Best is { Load.IsBottleneck: true }).Select(run => run.Peer).Distinct())
        {
            yield return $"{peer}: at its maximum this tool was busy nearly all the time, so it may be able to do more.";
        }
    }

    public static string Line(PeerRun run) => run.WhyNot ?? string.Join(
        ", ",
        run.Rates.Select(rate => Text($"{Micros(rate):0.00} µs at {rate.Rate:0.##}/s"))
            .Prepend(Text($"max {run.Best?.Flow.DeliveriesPerSecond:#,0} deliveries/s")));

    public static string Markdown(ComparisonReport report)
    {
        var peers = report.Runs.DistinctBy(run => run.Peer).Select(run => $"- {run.Peer}: {run.About}\n");
        return Testing.Terminal.Markdown.BeginBench(report.Machine)
            .AppendTable(Columns(report), Rows(report)).Append('\n').AppendJoin("", peers).AppendRemarks(Remarks(report)).ToString();
    }

    /// <summary>CPU of the process that is compared, for each delivery.</summary>
    public static double Micros(Measurement step) => step.Load.Servers is [var first, ..] ? first.MicrosPerDelivery : 0;

    private static IEnumerable<string> Cells(IReadOnlyList<Measurement?> runs)
    {
        var bad = runs.Count(run => run?.Passes(MaxP99) == false);
        yield return Spread(runs.Select(run => run is null ? (double?)null : Micros(run)), "0.0#")
            + (bad > 0 ? Text($" [{runs.Count - bad}/{runs.Count} borne]") : "");
        yield return Spread(runs.Select(run => run?.Latency.P50), "0");
        yield return Spread(runs.Select(run => run?.Latency.P99), "0");
        yield return Spread(runs.Select(run => run?.Load.Servers is [var first, ..] ? first.Cores * 100 : (double?)null), "0");
    }

    /// <summary>The median, and where there were several the least and the most.</summary>
    private static string Spread(IEnumerable<double?> values, string format)
    {
        double[] sorted = [.. values.OfType<double>().Order()];
        string Number(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        return sorted.Length switch
        {
            0 => "–",
            1 => Number(sorted[0]),
            _ => $"{Number((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2)} ({Number(sorted[0])}–{Number(sorted[^1])})",
        };
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
