using System.CommandLine;
using Danmaku.Bench.Report;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>Many connections that do nothing, and many that come at once.</summary>
public static class ConnectCommands
{
    private static readonly Option<int> Connections = Number("--connections", "Number of connections in all.", 10_000);
    private static readonly Option<int> Rooms = Number("--rooms", "Number of rooms, over which connections are spread evenly.", 1, most: 100_000);
    private static readonly Option<TimeSpan> Hold = Time("--duration", "How long connections are held when all have joined.", TimeSpan.FromSeconds(10));

    public static Command CreateIdle() => Create(
        "idle", "Opens connections at a rate, holds them, and reports what each costs the servers (--pid, --edges) in memory and CPU.", isStorm: false);

    public static Command CreateStorm() => Create(
        "storm", "Connects all viewers at once, as when an edge has died. Who is refused tries again with the back-off of the reference client.",
        isStorm: true);

    private static Command Create(string name, string description, bool isStorm)
    {
        var command = new Command(name, description + " Exit code 0: nobody was cut off. 1: somebody was. 2: nothing could be measured.")
        {
            Connections, Rooms, Hold,
        };
        LoadOptions.All.ToList().ForEach(command.Add);
        command.SetAction((line, cancellation) => RunAsync(line, name, isStorm, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult line, string name, bool isStorm, CancellationToken cancellation)
    {
        var rooms = line.GetValue(Rooms);
        var settings = LoadOptions.Settings(line, rooms, Math.Max(1, line.GetValue(Connections) / rooms), posters: 0);
        settings = isStorm ? settings with { ConnectRate = 0 } : settings;
        return await LoadOptions.GuardAsync(async () =>
        {
            var screen = new Screen(Consoles.Open(), TimeProvider.System);
            var (report, pauses) = await ClusterOptions.RunAsync(line, settings, async load =>
            {
                using var run = new LoadRun(name, load, TimeProvider.System, cancellation);
                var running = LoadRun.StartAsync(() => run.Hold(isStorm, line.GetValue(Hold)));
                await screen.FollowAsync(running, () => run.Progress);
                return await running;
            });
            report = report with { Pauses = ServerPauses.During(pauses, report.Begin, report.Joining + report.Idling) };
            screen.Show(report);
            await LoadOptions.WriteAsync(line, report, report.ToMarkdown(), cancellation);
            return report.IsClean ? ExitCode.Clean : ExitCode.NotClean;
        });
    }
}
