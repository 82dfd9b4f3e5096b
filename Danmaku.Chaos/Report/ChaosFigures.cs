using System.Globalization;
using Danmaku.Chaos.Faults;

namespace Danmaku.Chaos.Report;

/// <summary>A report of chaos as tables, in the order in which people read them.</summary>
public static class ChaosFigures
{
    public static readonly IReadOnlyList<string> FaultColumns =
        ["fault", "times", "longest posting outage", "longest wait of a connected viewer", "longest until whole"];

    public static readonly IReadOnlyList<string> SummaryColumns = ["what", "figure", "of `durable:false`"];

    /// <summary>A row for each kind of fault.</summary>
    public static IEnumerable<IReadOnlyList<string>> Faults(ChaosReport report)
    {
        foreach (var kind in report.Faults.GroupBy(result => result.Fault.Kind).OrderBy(group => group.Key))
        {
            yield return
            [
                kind.Key.Name(),
                $"{kind.Count()}",
                Seconds(kind.Max(result => result.Outage)),
                Seconds(kind.Max(result => result.Wait)),
                kind.Any(result => result.Healed is null) ? "never" : Seconds(kind.Max(result => result.Healed!.Value)),
            ];
        }

        foreach (var (kind, why) in report.LeftOut)
        {
            yield return [kind.Name(), $"skipped: {why}", "", "", ""];
        }
    }

    /// <summary>Lines of name and value. In the right column what happened to danmaku acknowledged with <c>durable:false</c>.</summary>
    public static IEnumerable<IReadOnlyList<string>> Summary(ChaosReport report)
    {
        var (posts, viewers) = (report.Posts, report.Viewers);
        return
        [
            ["run", Run(report), ""],
            ["posts sent", Text($"{posts.Sent}, and {posts.Resent} times again"), ""],
            ["posts acknowledged", Text($"{posts.Acked}"), Text($"{posts.Undurable}")],
            ["posts refused", posts.Refused.Count == 0 ? "0" : string.Join(", ", posts.Refused.Select(pair => Text($"{pair.Value} × {pair.Key}"))), ""],
            ["posts without an answer", Text($"{posts.Unresolved}"), ""],
            ["acknowledged posts lost", Text($"{posts.Lost.Firm}"), Text($"{posts.Lost.Open}")],
            ["posts doubled", Text($"{posts.Doubled.Firm}"), Text($"{posts.Doubled.Open}")],
            ["posts with contradictory answers", Text($"{posts.Contradictions}"), ""],
            ["deliveries expected", Text($"{viewers.Expected}"), ""],
            ["deliveries seen", Text($"{viewers.Seen}"), ""],
            ["lost", Text($"{viewers.Lost.Firm}"), Text($"{viewers.Lost.Open}")],
            ["doubled", Text($"{viewers.Doubled}"), ""],
            ["reordered", Text($"{viewers.Reordered}"), ""],
            ["not as in the log", Text($"{viewers.Disagreeing}"), ""],
            ["not in the log", Text($"{viewers.Phantoms.Firm}"), Text($"{viewers.Phantoms.Open}")],
            ["with a wrong time", Text($"{report.WrongTimes}"), ""],
            ["`lost` notices", Notices(report), ""],
            ["`skipped` notices", Text($"{report.SkipNotices}, over {viewers.Skipped} danmaku"), ""],
            ["node exits", string.Join(", ", Exits(report)), ""],
            ["seed", Text($"{report.Settings.Seed}"), ""],
        ];
    }

    public static string Markdown(ChaosReport report) => Testing.Terminal.Markdown.Begin(report.Machine, report.Settings.Command)
        .AppendTable(FaultColumns, Faults(report)).Append('\n')
        .AppendTable(SummaryColumns, Summary(report)).AppendRemarks(Remarks(report)).ToString();

    /// <summary>The verdict, and what a reader should know besides.</summary>
    public static IEnumerable<string> Remarks(ChaosReport report)
    {
        yield return report.IsClean ? "All is as promised." : $"Not as promised: {string.Join("; ", report.Broken)}.";
        foreach (var line in report.Viewers.Examples.Take(20).Concat(report.Posts.Examples).Concat(report.Remarks))
        {
            yield return line;
        }
    }

    public static string Line(FaultResult result)
    {
        var whole = result.Healed is { } healed ? $"whole after {Seconds(healed)}" : "not whole again";
        return $"{result.Fault.Kind.Name()} ({result.Target}): posting outage {Seconds(result.Outage)}, longest wait of a connected viewer "
            + $"{Seconds(result.Wait)}, {whole}";
    }

    private static string Run(ChaosReport report)
    {
        var settings = report.Settings;
        return Text($"{report.Length.TotalSeconds:0} s, {settings.Viewers} viewers, {settings.Rooms} rooms, {settings.Rate:0.#} posts/s, ")
            + $"{settings.StoreName}, {report.Faults.Count} faults";
    }

    private static string Notices(ChaosReport report)
    {
        var reasons = report.Viewers.Notices.Where(notice => notice.WhyJustified is not null).CountBy(notice => notice.WhyJustified!);
        return string.Join(", ", reasons.Select(pair => Text($"{pair.Value} justified by {pair.Key}")).Prepend(Text($"{report.Unjustified} unjustified")));
    }

    private static IEnumerable<string> Exits(ChaosReport report) => report.Exits
        .CountBy(exit => (Role: exit.Node.Split('-')[0], exit.Told, exit.Code))
        .OrderBy(pair => pair.Key)
        .Select(pair => Text($"{pair.Value} × {pair.Key.Role} {How(pair.Key.Told)} with {pair.Key.Code}"));

    private static string How(Signal? told) => told switch
    {
        Signal.Kill => "killed",
        Signal.Terminate => "stopped",
        _ => "by itself",
    };

    private static string Seconds(TimeSpan time) => Text($"{time.TotalSeconds:0.0} s");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
