using System.CommandLine;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>A load that is borne, for long, while viewers come and go: memory stays flat and nothing is missing.</summary>
public static class SoakCommand
{
    private static readonly Option<int> Rooms = Number("--rooms", "How many rooms there are.", 1, most: 10_000);
    private static readonly Option<int> Viewers = Number("--viewers", "How many viewers each room has.", 100);
    private static readonly Option<int> Posters = Number("--posters", "How many viewers of each room post.", 10);

    private static readonly Option<double> Churn = new("--churn")
    {
        Description = "Viewers per second that leave, half of them without a word, and others that come in their place.",
        DefaultValueFactory = _ => 5,
        Validators = { result => Require<double>(result, value => value is >= 0 and <= 10_000, "0 to 10000") },
    };

    public static Command Create()
    {
        var command = new Command("soak", "A steady load while viewers come and go. Ends with 0 if nothing was missing and the memory of the servers "
            + "(--pid) did not grow by more than a tenth from the second quarter to the last.")
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
