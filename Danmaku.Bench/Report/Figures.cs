using System.Globalization;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Report;

/// <summary>A report as lines of name and value, in the order in which people read them.</summary>
public static class Figures
{
    public static IEnumerable<(string Name, string Value)> Of(FanoutReport report)
    {
        var (settings, posts, sequences) = (report.Settings, report.Posts, report.Sequences);
        yield return ("viewers", Text($"{settings.Viewers} on {settings.Urls.Count} {(settings.Urls.Count == 1 ? "edge" : "edges")} ({Format(settings)}), joined in {report.Joining.TotalSeconds:0.0} s"));
        yield return ("posts offered", Text($"{settings.Rate:0.##}/s of {settings.Bytes} bytes by {settings.Posters} posters for {report.Flow.Duration.TotalSeconds:0.0} s, after {settings.Warmup.TotalSeconds:0.#} s of warm-up"));
        yield return ("posts", Text($"{posts.Sent} sent, {posts.Acked} acknowledged, {Refused(posts)}, {posts.Unknown} unknown, {posts.Unanswered} unanswered"));
        yield return ("deliveries", Text($"{report.Flow.Deliveries} = {report.Flow.DeliveriesPerSecond:0} per second"));
        yield return ("bytes per delivery", Text($"{report.Flow.BytesPerDelivery:0}"));
        yield return ("latency", Percentiles(report.Latency));
        foreach (var edge in report.Edges.Where(_ => report.Edges.Count > 1))
        {
            yield return (Text($"  {edge.Url.Authority}, {edge.Viewers} viewers"), Percentiles(edge.Latency));
        }

        yield return ("acknowledged after", Percentiles(report.AckLatency));
        yield return ("missing", sequences.Announced > 0 ? Text($"{sequences.Missing}, of which {sequences.Announced} announced as skipped") : Text($"{sequences.Missing}"));
        yield return ("doubled", Text($"{sequences.Doubled}"));
        yield return ("reordered", Text($"{sequences.Reordered}"));
        foreach (var oddity in Oddities(report))
        {
            yield return oddity;
        }

        yield return ("disconnected", Counts(report.Disconnects));
        foreach (var server in report.Load.Servers)
        {
            yield return (Text($"{server.Name} ({server.Pid})"), Text($"{server.Cores:0.00} cores, {server.MicrosPerDelivery:0.00} µs per delivery of all, {server.ResidentBytes / 1048576.0:0} MiB"));
        }

        yield return ("this tool", Text($"{report.Load.OwnCores:0.00} cores, posts late by p99 {report.Load.Slip.P99:0.0} ms, max {report.Load.Slip.Max:0.0} ms: {Verdict(report.Load)}"));
        if (report.Load.MachineBusy is { } busy)
        {
            var others = report.Load.OtherCores is { } cores ? Text($", {cores:0.00} of them by others") : "";
            yield return ("machine", Text($"{busy * report.Machine.Cores:0.00} of {report.Machine.Cores} cores busy{others}"));
        }
    }

    private static IEnumerable<(string Name, string Value)> Oddities(FanoutReport report)
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

    private static string Format(FanoutSettings settings) => settings.Format == ViewerFormat.Json ? "danmaku.v1.json" : "plain text";

    private static string Refused(Posts posts) => posts.Rejected.Count == 0 ? "0 refused" : $"refused: {Counts(posts.Rejected)}";

    private static string Percentiles(Latency latency) => latency.Count == 0
        ? "–"
        : Text($"p50 {latency.P50:0.0} ms, p90 {latency.P90:0.0} ms, p99 {latency.P99:0.0} ms, max {latency.Max:0.0} ms ({latency.Count} measured)");

    private static string Counts<T>(IReadOnlyDictionary<string, T> counts) =>
        counts.Count == 0 ? "0" : string.Join(", ", counts.Select(pair => $"{pair.Value} × {pair.Key}"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
