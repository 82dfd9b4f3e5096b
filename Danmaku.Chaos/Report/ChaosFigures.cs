using System.Globalization;
using System.Text;
using Danmaku.Chaos.Faults;

namespace Danmaku.Chaos.Report;

/// <summary>A report of chaos as tables, in the order in which people read them.</summary>
public static class ChaosFigures
{
    public static readonly IReadOnlyList<string> FaultColumns =
        ["fault", "times", "longest posting outage", "longest wait of a connected viewer", "longest until whole"];

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
    public static IEnumerable<(string Name, string Value, string Open)> Summary(ChaosReport report)
    {
        var (settings, posts, viewers) = (report.Settings, report.Posts, report.Viewers);
        yield return ("run", Text($"{report.Length.TotalSeconds:0} s, {settings.Viewers} viewers, {settings.Rooms} rooms, {settings.Rate:0.#} posts/s, {settings.StoreName}, {report.Faults.Count} faults"), "");
        yield return ("posts sent", Text($"{posts.Sent}, and {posts.Resent} times again"), "");
        yield return ("posts acknowledged", Text($"{posts.Acked}"), Text($"{posts.Undurable}"));
        yield return ("posts refused", posts.Refused.Count == 0 ? "0" : string.Join(", ", posts.Refused.Select(pair => Text($"{pair.Value} × {pair.Key}"))), "");
        yield return ("posts without an answer", Text($"{posts.Unresolved}"), "");
        yield return ("acknowledged posts lost", Text($"{posts.Lost.Firm}"), Text($"{posts.Lost.Open}"));
        yield return ("posts doubled", Text($"{posts.Doubled.Firm}"), Text($"{posts.Doubled.Open}"));
        yield return ("posts with contradictory answers", Text($"{posts.Contradictions}"), "");
        yield return ("deliveries expected", Text($"{viewers.Expected}"), "");
        yield return ("deliveries seen", Text($"{viewers.Seen}"), "");
        yield return ("lost", Text($"{viewers.Lost.Firm}"), Text($"{viewers.Lost.Open}"));
        yield return ("doubled", Text($"{viewers.Doubled}"), "");
        yield return ("reordered", Text($"{viewers.Reordered}"), "");
        yield return ("not as in the log", Text($"{viewers.Disagreeing}"), "");
        yield return ("not in the log", Text($"{viewers.Phantoms.Firm}"), Text($"{viewers.Phantoms.Open}"));
        yield return ("with a wrong time", Text($"{report.WrongTimes}"), "");
        yield return ("`lost` notices", Notices(report), "");
        yield return ("`skipped` notices", Text($"{report.SkipNotices}, over {viewers.Skipped} danmaku"), "");
        yield return ("node exits", string.Join(", ", Exits(report)), "");
        yield return ("seed", Text($"{settings.Seed}"), "");
    }

    public static string Markdown(ChaosReport report)
    {
        var (machine, text) = (report.Machine, new StringBuilder());
        text.Append($"`{report.Settings.Command}`\n\n");
        text.Append($"{machine.Date}, {machine.Cores} cores, {machine.Cpu}, {machine.System}, {machine.Runtime}\n\n");
        AppendRow(text, FaultColumns);
        AppendRow(text, FaultColumns.Select(_ => "---"));
        foreach (var row in Faults(report))
        {
            AppendRow(text, row);
        }

        text.Append("\n| what | figure | of `durable:false` |\n| --- | --- | --- |\n");
        foreach (var (name, value, open) in Summary(report))
        {
            AppendRow(text, [name, value, open]);
        }

        foreach (var line in Remarks(report))
        {
            text.Append($"\n{line}\n");
        }

        return text.ToString();
    }

    /// <summary>The verdict, and what a reader should know besides.</summary>
    public static IEnumerable<string> Remarks(ChaosReport report)
    {
        yield return report.IsClean ? "All is as promised." : $"Not as promised: {string.Join("; ", report.Broken)}.";
        foreach (var line in report.Viewers.Examples.Take(20).Concat(report.Posts.Examples).Concat(report.Remarks))
        {
            yield return line;
        }
    }

    public static string Line(FaultResult result) => Text(
        $"{result.Fault.Kind.Name()} ({result.Target}): posting outage {Seconds(result.Outage)}, longest wait of a connected viewer {Seconds(result.Wait)}, {(result.Healed is { } healed ? $"whole after {Seconds(healed)}" : "not whole again")}");

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

    private static void AppendRow(StringBuilder text, IEnumerable<string> cells) => text.Append($"| {string.Join(" | ", cells)} |\n");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
