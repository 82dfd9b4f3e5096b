using System.Globalization;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Report;

/// <summary>A report as lines of name and value, in the order in which people read them.</summary>
public static class Figures
{
    public static IEnumerable<(string Name, string Value)> Of(RunReport report) =>
    [
        .. Offered(report), .. Delivered(report), .. Latencies(report), .. Sequence(report), .. Oddities(report),
        ("disconnected", Counts(report.Disconnects)), .. Servers(report), .. Machine(report.Result.Load),
    ];

    public static readonly IReadOnlyList<string> StepColumns =
    [
        "posts/s", "deliveries/s", "p50 ms", "p99 ms", "max ms", "µs per delivery", "servers' cores", "servers' MiB", "this tool busy", "skipped", "refused",
        "complete",
    ];

    /// <summary>A row for each rate that was tried.</summary>
    public static IEnumerable<IReadOnlyList<string>> Steps(RunReport report) => report.Steps.Select(step => (IReadOnlyList<string>)
    [
        Text($"{step.Rate:0.##}"), Text($"{step.Flow.DeliveriesPerSecond:#,0}"), Text($"{step.Latency.P50:0.0}"), Text($"{step.Latency.P99:0.0}"),
        Text($"{step.Latency.Max:0.0}"), Text($"{step.Load.MicrosPerDelivery:0.000}"), Text($"{step.Load.Servers.Sum(server => server.Cores):0.00}"),
        Text($"{MiB(step.Load.Servers.Sum(server => server.ResidentBytes)):0}"), Text($"{step.Load.OwnBusy:P0}"),
        Text($"{step.Defects.Announced}"), Text($"{step.Refused}"), step.IsComplete ? "yes" : "no",
    ]);

    private static IEnumerable<(string Name, string Value)> Offered(RunReport report)
    {
        var (settings, result, posts) = (report.Settings, report.Result, report.Posts);
        var edges = Text($"{settings.Urls.Count} {(settings.Urls.Count == 1 ? "edge" : "edges")}");
        yield return ("viewers", Text($"{Rooms(settings)} on {edges} ({Format(settings)}), joined in {report.Joining.TotalSeconds:0.0} s"));
        var texts = settings.Texts == TextKind.Corpus ? "the corpus" : Text($"{settings.Bytes} bytes");
        yield return ("posts offered", Text(
            $"{result.Rate:0.##}/s of {texts} by {settings.Posters * settings.Rooms} posters for {result.Flow.Duration.TotalSeconds:0.0} s"));
        yield return ("posts of the run", Text(
            $"{posts.Sent} sent, {posts.Acked} acknowledged, {Refused(posts)}, {posts.Unknown} unknown, {posts.Unanswered} unanswered"));
    }

    private static IEnumerable<(string Name, string Value)> Delivered(RunReport report)
    {
        var (flow, load) = (report.Result.Flow, report.Result.Load);
        yield return ("deliveries", Text($"{flow.Deliveries} = {flow.DeliveriesPerSecond:#,0} per second"));
        if (load.DeliveriesPerCoreSecond is { } perCore)
        {
            yield return ("of servers' CPU", Text($"{load.MicrosPerDelivery:0.000} µs per delivery, {perCore:#,0} deliveries per core-second"));
        }

        yield return ("bytes per delivery", Text($"{flow.BytesPerDelivery:0}"));
        if (report.Compression is { Inflated: > 0, Deflated: var deflated, Inflated: var inflated })
        {
            yield return ("compressed batches", Text($"{deflated} bytes for {inflated}: {(double)deflated / inflated:P0}"));
        }
    }

    private static IEnumerable<(string Name, string Value)> Latencies(RunReport report) =>
    [
        ("latency", Percentiles(report.Result.Latency)),
        .. report.Edges.Where(_ => report.Edges.Count > 1)
            .Select(edge => (Text($"  {edge.Url.Authority}, {edge.Viewers} viewers"), Percentiles(edge.Latency))),
        ("acknowledged after", Percentiles(report.Result.AckLatency)),
    ];

    private static IEnumerable<(string Name, string Value)> Sequence(RunReport report)
    {
        var sequences = report.Sequences;
        var announced = sequences.Announced > 0 ? Text($", of which {sequences.Announced} announced as skipped") : "";
        yield return ("missing", Text($"{sequences.Missing}{announced}"));
        yield return ("doubled", Text($"{sequences.Doubled}"));
        yield return ("reordered", Text($"{sequences.Reordered}"));
    }

    private static IEnumerable<(string Name, string Value)> Servers(RunReport report)
    {
        foreach (var server in report.Result.Load.Servers)
        {
            var cpu = Text($"{server.Cores:0.00} cores ({server.KernelShare:P0} kernel), {server.MicrosPerDelivery:0.000} µs per delivery of all");
            yield return (server.Name, Text($"{cpu}, {MiB(server.ResidentBytes):0} MiB"));
        }

        foreach (var pauses in report.Pauses)
        {
            yield return pauses.Figure;
        }

        foreach (var trend in report.Memory)
        {
            var verdict = trend.IsFlat ? "flat" : "grows";
            yield return ($"memory of {trend.Name}", Text(
                $"{MiB(trend.Early):0} MiB in the second quarter, {MiB(trend.Late):0} MiB in the last: {verdict}"));
        }
    }

    private static IEnumerable<(string Name, string Value)> Machine(Load load)
    {
        yield return ("this tool", Text(
            $"busy {load.OwnBusy:P0}, {load.OwnCores:0.00} cores, posts late by p99 {load.Slip.P99:0.0} ms, max {load.Slip.Max:0.0} ms: {Verdict(load)}"));
        if (load.BusyCores is { } busy)
        {
            var others = load.OtherCores is { } cores ? Text($", {cores:0.00} of them with something else") : "";
            yield return ("machine", Text($"{busy:0.00} cores busy{others}"));
        }
    }

    private static IEnumerable<(string Name, string Value)> Oddities(RunReport report)
    {
        (string Name, long Count)[] oddities =
        [
            ("continuity not shown (lost, new epoch)", report.Sequences.Breaks),
            ("posts with two places or two answers", report.Posts.Contradictions),
            ("danmaku without a known place", report.Sequences.Unplaced),
            ("viewers that got nothing", report.Sequences.Silent),
            ("danmaku of others", report.Sequences.Foreign),
        ];
        return oddities.Where(oddity => oddity.Count > 0).Select(oddity => (oddity.Name, Text($"{oddity.Count}")));
    }

    private static string Verdict(Load load) => load switch
    {
        { IsBottleneck: true } => "may have been the bottleneck",
        { IsHeldUp: true } => "was held up",
        _ => "was not the bottleneck",
    };

    private static string Format(LoadSettings settings) => settings switch
    {
        { Server: not ServerKind.Danmaku } => $"{settings.Server}",
        { Format: ViewerFormat.Json } => "danmaku.v1.json",
        { Format: ViewerFormat.Deflate } => "danmaku.v1.json with permessage-deflate",
        _ => "plain text",
    };

    private static string Rooms(LoadSettings settings) =>
        settings.Rooms == 1 ? Text($"{settings.Viewers}") : Text($"{settings.Rooms} rooms of {settings.Viewers}");

    private static string Refused(Posts posts) => posts.Rejected.Count == 0 ? "0 refused" : $"refused: {Counts(posts.Rejected)}";

    private static string Percentiles(Latency latency) => latency.Count == 0
        ? "–"
        : Text($"p50 {latency.P50:0.0} ms, p90 {latency.P90:0.0} ms, p99 {latency.P99:0.0} ms, max {latency.Max:0.0} ms ({latency.Count} measured)");

    private static string Counts<T>(IReadOnlyDictionary<string, T> counts) =>
        counts.Count == 0 ? "0" : string.Join(", ", counts.Select(pair => $"{pair.Value} × {pair.Key}"));

    private static double MiB(double bytes) => bytes / 1048576;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
