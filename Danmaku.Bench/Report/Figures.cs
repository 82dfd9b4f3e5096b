using System.Globalization;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Report;

/// <summary>A report as lines of name and value, in the order in which people read them.</summary>
public static class Figures
{
    public static IEnumerable<(string Name, string Value)> Of(RunReport report)
    {
        var (settings, result, posts, sequences) = (report.Settings, report.Result, report.Posts, report.Sequences);
        yield return ("viewers", Text($"{Rooms(settings)} on {settings.Urls.Count} {(settings.Urls.Count == 1 ? "edge" : "edges")} ({Format(settings)}), joined in {report.Joining.TotalSeconds:0.0} s"));
        yield return ("posts offered", Text($"{result.Rate:0.##}/s of {(settings.Texts == TextKind.Corpus ? "the corpus" : Text($"{settings.Bytes} bytes"))} by {settings.Posters * settings.Rooms} posters for {result.Flow.Duration.TotalSeconds:0.0} s"));
        yield return ("posts of the run", Text($"{posts.Sent} sent, {posts.Acked} acknowledged, {Refused(posts)}, {posts.Unknown} unknown, {posts.Unanswered} unanswered"));
        yield return ("deliveries", Text($"{result.Flow.Deliveries} = {result.Flow.DeliveriesPerSecond:#,0} per second"));
        if (result.Load.DeliveriesPerCoreSecond is { } perCore)
        {
            yield return ("of servers' CPU", Text($"{result.Load.MicrosPerDelivery:0.000} µs per delivery, {perCore:#,0} deliveries per core-second"));
        }

        yield return ("bytes per delivery", Text($"{result.Flow.BytesPerDelivery:0}"));
        if (report.Compression is { Inflated: > 0 } compression)
        {
            yield return ("compressed batches", Text($"{compression.Deflated} bytes for {compression.Inflated}: {(double)compression.Deflated / compression.Inflated:P0}"));
        }

        yield return ("latency", Percentiles(result.Latency));
        foreach (var edge in report.Edges.Where(_ => report.Edges.Count > 1))
        {
            yield return (Text($"  {edge.Url.Authority}, {edge.Viewers} viewers"), Percentiles(edge.Latency));
        }

        yield return ("acknowledged after", Percentiles(result.AckLatency));
        yield return ("missing", sequences.Announced > 0 ? Text($"{sequences.Missing}, of which {sequences.Announced} announced as skipped") : Text($"{sequences.Missing}"));
        yield return ("doubled", Text($"{sequences.Doubled}"));
        yield return ("reordered", Text($"{sequences.Reordered}"));
        foreach (var oddity in Oddities(report))
        {
            yield return oddity;
        }

        yield return ("disconnected", Counts(report.Disconnects));
        foreach (var server in result.Load.Servers)
        {
            yield return (server.Name, Text($"{server.Cores:0.00} cores ({server.KernelShare:P0} kernel), {server.MicrosPerDelivery:0.000} µs per delivery of all, {server.ResidentBytes / 1048576.0:0} MiB"));
        }

        foreach (var pauses in report.Pauses)
        {
            yield return pauses.Figure;
        }

        foreach (var trend in report.Memory)
        {
            yield return (Text($"memory of {trend.Name}"), Text($"{trend.Early / 1048576:0} MiB in the second quarter, {trend.Late / 1048576:0} MiB in the last: {(trend.IsFlat ? "flat" : "grows")}"));
        }

        yield return ("this tool", Text($"busy {result.Load.OwnBusy:P0}, {result.Load.OwnCores:0.00} cores, posts late by p99 {result.Load.Slip.P99:0.0} ms, max {result.Load.Slip.Max:0.0} ms: {Verdict(result.Load)}"));
        if (result.Load.BusyCores is { } busy)
        {
            var others = result.Load.OtherCores is { } cores ? Text($", {cores:0.00} of them with something else") : "";
            yield return ("machine", Text($"{busy:0.00} cores busy{others}"));
        }
    }

    public static readonly IReadOnlyList<string> StepColumns =
        ["posts/s", "deliveries/s", "p50 ms", "p99 ms", "max ms", "µs per delivery", "servers' cores", "servers' MiB", "this tool busy", "skipped", "refused", "complete"];

    /// <summary>A row for each rate that was tried.</summary>
    public static IEnumerable<IReadOnlyList<string>> Steps(RunReport report) => report.Steps.Select(step => (IReadOnlyList<string>)
    [
        Text($"{step.Rate:0.##}"), Text($"{step.Flow.DeliveriesPerSecond:#,0}"), Text($"{step.Latency.P50:0.0}"), Text($"{step.Latency.P99:0.0}"),
        Text($"{step.Latency.Max:0.0}"), Text($"{step.Load.MicrosPerDelivery:0.000}"), Text($"{step.Load.Servers.Sum(server => server.Cores):0.00}"),
        Text($"{step.Load.Servers.Sum(server => server.ResidentBytes) / 1048576.0:0}"), Text($"{step.Load.OwnBusy:P0}"),
        Text($"{step.Defects.Announced}"), Text($"{step.Refused}"), step.IsComplete ? "yes" : "no",
    ]);

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

    private static string Rooms(LoadSettings settings) => settings.Rooms == 1 ? Text($"{settings.Viewers}") : Text($"{settings.Rooms} rooms of {settings.Viewers}");

    private static string Refused(Posts posts) => posts.Rejected.Count == 0 ? "0 refused" : $"refused: {Counts(posts.Rejected)}";

    private static string Percentiles(Latency latency) => latency.Count == 0
        ? "–"
        : Text($"p50 {latency.P50:0.0} ms, p90 {latency.P90:0.0} ms, p99 {latency.P99:0.0} ms, max {latency.Max:0.0} ms ({latency.Count} measured)");

    private static string Counts<T>(IReadOnlyDictionary<string, T> counts) =>
        counts.Count == 0 ? "0" : string.Join(", ", counts.Select(pair => $"{pair.Value} × {pair.Key}"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
