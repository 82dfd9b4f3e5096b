using System.CommandLine;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>Many small rooms in which everybody talks: what costs is posts and rooms, not fan-out.</summary>
public static class RoomsCommand
{
    private static readonly Option<int> Rooms = Number("--rooms", "Number of rooms.", 200, most: 10_000);
    private static readonly Option<int> Viewers = Number("--viewers", "Number of viewers in each room. All of them post.", 10);

    public static Command Create()
    {
        var command = new Command(
            "rooms", "Fills many rooms with a few viewers each, lets all of them post, and reports as fanout does. Exit codes as of fanout.")
        {
            Rooms, Viewers, LoadOptions.Rate, LoadOptions.Duration, LoadOptions.Warmup,
            FindMaxOptions.FindMaximum, FindMaxOptions.MaxP99,
        };
        LoadOptions.All.ToList().ForEach(command.Add);
        command.SetAction((line, cancellation) => LoadOptions.RunAsync(
            line, "rooms", LoadOptions.Settings(line, line.GetValue(Rooms), line.GetValue(Viewers), line.GetValue(Viewers)),
            run => FindMaxOptions.Measure(run, line), cancellation));
        return command;
    }
}
