using System.CommandLine;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>A load that is borne, for long, while viewers come and go: memory stays flat and nothing is missing.</summary>
public static class SoakCommand
{
    private static readonly Option<int> Rooms = Number("--rooms", "Number of rooms.", 1, most: 10_000);
    private static readonly Option<int> Viewers = Number("--viewers", "Number of viewers in each room.", 100);
    private static readonly Option<int> Posters = Number("--posters", "Number of viewers in each room that post.", 10);

    private static readonly Option<double> Churn = new("--churn")
    {
        Description = "Viewers that leave each second, half of them without a Close frame. Others take their places.",
        DefaultValueFactory = _ => 5,
        Validators = { result => Require<double>(result, value => value is >= 0 and <= 10_000, "0 to 10000") },
    };

    public static Command Create()
    {
        var command = new Command("soak", "Keeps a load up for long while viewers come and go. Exit code 0: nothing was missing, and the memory of the servers "
            + "(--pid, --edges) grew by less than a tenth from the second quarter to the last. 1: not so. 2: nothing could be measured.")
        {
            Rooms, Viewers, Posters, Churn, LoadOptions.Rate, LoadOptions.Duration, LoadOptions.Warmup,
        };
        LoadOptions.All.ToList().ForEach(command.Add);
        command.SetAction((line, cancellation) => LoadOptions.RunAsync(
            line, "soak", LoadOptions.Settings(line, line.GetValue(Rooms), line.GetValue(Viewers), line.GetValue(Posters)),
            run => run.Finish(run.Soak(
                line.GetValue(LoadOptions.Rate), line.GetValue(LoadOptions.Warmup), line.GetValue(LoadOptions.Duration), line.GetValue(Churn))),
            cancellation));
        return command;
    }
}
