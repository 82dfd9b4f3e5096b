using System.CommandLine;
using Danmaku.Bench.Report;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>What servers do when more is asked of them than they bear: latency grows first, then they skip and say so, and never collapse.</summary>
public static class OverloadCommand
{
    private const double MaxP99 = 250;

    /// <summary>Of the capacity.</summary>
    private static readonly double[] Shares = [0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 2.5, 3];

    /// <summary>How long servers may take to get rid of what was too much, before the next rate.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly Option<int> Viewers = Number("--viewers", "Number of viewers, spread over the edges.", 1000);
    private static readonly Option<int> Posters = Number("--posters", "Number of viewers that post.", 20);

    private static readonly Option<double?> Capacity = new("--capacity")
    {
        Description = "Posts per second that the servers can take. Default: found first, as by fanout --find-max, from --rate on.",
        Validators = { result => Require<double?>(result, value => value is null or > 0, "more than 0") },
    };

    public static Command Create()
    {
        var command = new Command("overload", "Posts at 10 % to 300 % of what the servers can take, and reports what viewers still get and how late. "
            + "Exit code 0: nobody missed anything without being told. 1: somebody did. 2: nothing could be measured.")
        {
            Viewers, Posters, Capacity, LoadOptions.Rate, LoadOptions.Duration, LoadOptions.Warmup,
        };
        LoadOptions.All.ToList().ForEach(command.Add);
        command.SetAction((line, cancellation) => LoadOptions.RunAsync(
            line, "overload", LoadOptions.Settings(line, rooms: 1, line.GetValue(Viewers), line.GetValue(Posters)), run => Measure(run, line), cancellation));
        return command;
    }

    private static RunReport Measure(LoadRun run, ParseResult line)
    {
        var (warmup, duration) = (line.GetValue(LoadOptions.Warmup), line.GetValue(LoadOptions.Duration));
        var capacity = line.GetValue(Capacity) ?? new FindMax(line.GetValue(LoadOptions.Rate), warmup, duration, MaxP99).Run(run)?.Rate
            ?? throw new InvalidDataException("Not even --rate was borne: begin with a lower one.");
        run.ForgetSteps();
        var best = Shares.Select(share => run.Measure(share * capacity, warmup, duration, Patience)).ToList()
            .MaxBy(step => step.Flow.DeliveriesPerSecond)!;
        return run.Finish(best, maySkip: true);
    }
}
