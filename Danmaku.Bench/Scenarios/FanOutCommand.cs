using System.CommandLine;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>One room, many viewers, a few of whom post at a given rate: what a popular stream does to its edges.</summary>
public static class FanOutCommand
{
    private static readonly Option<int> Viewers = Number("--viewers", "How many viewers join, spread over the edges.", 100);

    private static readonly Option<int?> Posters = new("--posters")
    {
        Description = "How many of the viewers post. Default: as many as keep each below 4 posts/s, for a node's default limit of 5.",
        Validators = { result => Require<int?>(result, value => value is null or > 0, "at least 1") },
    };

    public static Command Create()
    {
        var command = new Command("fanout", "One room with many viewers, some of whom post: who gets what, how fast, and what is missing. "
            + "Ends with 0 if every viewer got everything once and in order, with 1 if not, with 2 if nothing could be measured.")
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
