using System.CommandLine;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>One room, many viewers, a few of whom post at a given rate: what a popular stream does to its edges.</summary>
public static class FanOutCommand
{
    private static readonly Option<int> Viewers = Number("--viewers", "Number of viewers, spread over the edges.", 100);

    private static readonly Option<int?> Posters = new("--posters")
    {
        Description = "Number of viewers that post. Default: so many that each posts less than 4 times a second; a node allows 5.",
        Validators = { result => Require<int?>(result, value => value is null or > 0, "at least 1") },
    };

    public static Command Create()
    {
        var command = new Command(
            "fanout",
            "Puts many viewers into one room, posts at a steady rate, and reports what each got, how fast, and what is missing. "
            + "Exit code 0: every viewer got everything once and in order. 1: not so. 2: nothing could be measured.")
        {
            Viewers, LoadOptions.Rate, LoadOptions.Duration, LoadOptions.Warmup, Posters,
            FindMaxOptions.FindMaximum, FindMaxOptions.MaxP99,
        };
        LoadOptions.All.ToList().ForEach(command.Add);
        command.SetAction(RunAsync);
        return command;
    }

    private static Task<int> RunAsync(ParseResult line, CancellationToken cancellation)
    {
        var (viewers, rate) = (line.GetValue(Viewers), line.GetValue(LoadOptions.Rate));
        var settings = LoadOptions.Settings(line, rooms: 1, viewers, line.GetValue(Posters) ?? LoadSettings.DefaultPosters(rate));
        return LoadOptions.RunAsync(line, "fanout", settings, run => FindMaxOptions.Measure(run, line), cancellation);
    }
}
