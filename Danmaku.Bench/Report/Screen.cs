using System.Globalization;
using Danmaku.Bench.Scenarios;
using Spectre.Console;

namespace Danmaku.Bench.Report;

/// <summary>A run on the terminal: live while it goes on, a table at the end.</summary>
public sealed class Screen(IAnsiConsole console, TimeProvider time)
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Where nobody watches (a file, a CI log), a line now and then does.</summary>
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    /// <summary>Shows how the run goes until it is done.</summary>
    public Task FollowAsync(Task run, Func<RunProgress> progress) =>
        console.Profile.Capabilities.Interactive ? FollowLiveAsync(run, progress) : FollowByLineAsync(run, progress);

    public void Show(RunReport report)
    {
        if (report.Steps.Count > 0)
        {
            console.WriteTable(Figures.StepColumns, Figures.Steps(report));
        }

        console.WriteTable(Figures.Of(report));
        foreach (var remark in report.Remarks)
        {
            console.MarkupLineInterpolated($"[yellow]{remark}[/]");
        }

        console.MarkupLine(report switch
        {
            { IsClean: true, MaySkip: true } => "[green]Every viewer got everything once and in order, but for what it was told that it does not get.[/]",
            { IsClean: true } => "[green]Every viewer got everything, once and in order.[/]",
            { Sequences.IsClean: true } => "[red]Every viewer got everything, once and in order, but not all is as it should be.[/]",
            _ => "[red]Not every viewer got everything, once and in order.[/]",
        });
    }

    public void Show(ConnectReport report) => console.WriteTable(report.Figures);

    private async Task FollowLiveAsync(Task run, Func<RunProgress> progress) =>
        await console.Live(Text.Empty).AutoClear(true).StartAsync(async live =>
        {
            for (var last = progress(); !run.IsCompleted;)
            {
                await Task.WhenAny(run, Task.Delay(RefreshEvery, time));
                var now = progress();
                live.UpdateTarget(Picture(now, last));
                last = now;
            }
        });

    private async Task FollowByLineAsync(Task run, Func<RunProgress> progress)
    {
        for (var last = progress(); !run.IsCompleted;)
        {
            await Task.WhenAny(run, Task.Delay(LineEvery, time));
            var now = progress();
            console.WriteLine(string.Join(", ", Lines(now, last).Select(line => $"{line.Name} {line.Value}")));
            last = now;
        }
    }

    private static Grid Picture(RunProgress now, RunProgress last)
    {
        var grid = new Grid().AddColumns(2);
        foreach (var (name, value) in Lines(now, last))
        {
            grid.AddRow($"[grey]{name}[/]", Markup.Escape(value));
        }

        return grid;
    }

    private static IEnumerable<(string Name, string Value)> Lines(RunProgress now, RunProgress last)
    {
        var seconds = Math.Max(0.001, (now.Elapsed - last.Elapsed).TotalSeconds);
        yield return ("phase", string.Create(CultureInfo.InvariantCulture, $"{now.Phase} ({now.Elapsed.TotalSeconds:0} s)"));
        yield return ("joined", $"{now.Joined}");
        yield return ("posts/s", Rate(now.Posts.Sent - last.Posts.Sent));
        yield return ("deliveries/s", Rate(now.Deliveries - last.Deliveries));
        yield return ("p50", string.Create(CultureInfo.InvariantCulture, $"{now.Latency.P50:0.0} ms"));
        yield return ("p99", string.Create(CultureInfo.InvariantCulture, $"{now.Latency.P99:0.0} ms"));
        yield return ("missing", $"{now.Sequences.Missing}");
        yield return ("doubled", $"{now.Sequences.Doubled}");
        yield return ("reordered", $"{now.Sequences.Reordered}");

        string Rate(long count) => string.Create(CultureInfo.InvariantCulture, $"{count / seconds:0}");
    }
}
