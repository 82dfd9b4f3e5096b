using System.CommandLine;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>Many small rooms in which everybody talks: what costs is posts and rooms, not fan-out.</summary>
public static class RoomsCommand
{
    private static readonly Option<int> Rooms = Number("--rooms", "How many rooms there are.", 200, most: 10_000);
    private static readonly Option<int> Viewers = Number("--viewers", "How many viewers each room has, all of whom post.", 10);

    public static Command Create()
    {
        var command = new Command("rooms", "Many rooms with few viewers, all of whom post. Ends as fanout does.")
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
