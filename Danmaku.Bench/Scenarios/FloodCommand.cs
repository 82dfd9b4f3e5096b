using System.CommandLine;
using System.Text.Json;
using Danmaku.Bench.Cluster;
using Danmaku.Bench.Engine;
using Danmaku.Bench.Flood;
using Danmaku.Bench.Report;
using Spectre.Console;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>Attacks on a node while others use it: whether those feel it.</summary>
public static class FloodCommand
{
    private const int SampleOneIn = 1;

    private static readonly Option<AttackKind[]> Attacks = new("--attack")
    {
        Description = "What attackers do: " + string.Join(", ", Enum.GetValues<AttackKind>().Select(FloodFigures.Name)) + ". Repeatable. Default: all but none, in turn.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. Enum.GetValues<AttackKind>().Where(kind => kind != AttackKind.None)],
    };

    private static readonly Option<int?> Count = new("--count")
    {
        Description = "Connections of the attack, or rooms. Default: idle 2000, half 4000, posts 300, pings, empty and clock 20, http 32 at a time, rooms 10000.",
        Validators = { result => Require<int?>(result, value => value is null or > 0 and <= 1_000_000, "1 to 1000000") },
    };

    private static readonly Option<int?> Addresses = new("--addresses")
    {
        Description = "From how many addresses attackers come. Default: idle and half 10, http 4000, others 1.",
        Validators = { result => Require<int?>(result, value => value is null or > 0 and <= FloodAddresses.Most, $"1 to {FloodAddresses.Most}") },
    };

    private static readonly Option<int> Descriptors =
        Number("--descriptors", "Open files that nodes may have which the tool starts for idle.", 512, least: 256);

    private static readonly Option<int> Heap = Number("--heap", "MiB of managed memory that nodes may have which the tool starts for half.", 64, least: 32);
    private static readonly Option<int> Edges = Number("--edges", "Start an origin and so many edges; 0 for one node that is both.", 0, least: 0, most: 99);
    private static readonly Option<int> Rooms = Number("--rooms", "How many rooms of the honest there are. Attackers post into the first.", 4, most: 1000);
    private static readonly Option<int> Viewers = Number("--viewers", "How many of the honest each room has, each with an address of its own.", 20);
    private static readonly Option<int> Posters = Number("--posters", "How many of these post.", 15);

    private static readonly Option<double> Rate = new("--rate")
    {
        Description = "Posts per second of the honest, all together. With 40 or more in each room their danmaku wait for the tick of busy rooms also without an attack.",
        DefaultValueFactory = _ => 200,
        Validators = { result => Require<double>(result, value => value is > 0 and <= 10_000, "more than 0 and at most 10000") },
    };

    private static readonly Option<double> MaxRatio = new("--max-ratio")
    {
        Description = "So many times what it is beside the stand-in p99 may be beside the attack.",
        DefaultValueFactory = _ => 3,
        Validators = { result => Require<double>(result, value => value >= 1, "at least 1") },
    };

    private static readonly Option<TimeSpan> Duration =
        Time("--duration", "How long is measured each time: before, beside the stand-in, beside the attack, after it.", TimeSpan.FromSeconds(10));

    private static readonly Option<AttackKind> Kind = new("--attack") { Required = true };
    private static readonly Option<string> OwnRoom = new("--own-room") { Required = true };
    private static readonly Option<int> Port = new("--port") { Required = true };

    public static Command Create()
    {
        var command = new Command("flood", "Attacks nodes of this machine, which it starts anew for each attack unless --url names them, while others watch and post, and "
            + "says whether these felt it: in what they got, in whether they were let in, and in p99 against what the same attack on a server that does "
            + "nothing costs the machine. Attackers use half a core. Ends with 0 if nobody felt anything, with 1 if somebody did, with 2 if it could not be measured. Linux.")
        {
            Attacks, Count, Addresses, Descriptors, Heap, LoadOptions.Urls, LoadOptions.Room, Edges, ClusterOptions.Store, ClusterOptions.Node,
            ClusterOptions.NodeSettings, Rooms, Viewers, Posters, Rate, LoadOptions.Warmup, Duration, MaxRatio, LoadOptions.JsonFile, LoadOptions.ReportFile,
            CreateAttackers(), CreateStandIn(),
        };
        command.SetAction((line, cancellation) => LoadOptions.GuardAsync(() => RunAsync(line, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult line, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new InvalidDataException("Attackers and the honest need addresses of their own, of which only Linux has many.");
        }

        var (settings, console, results) = (Settings(line), Consoles.Open(), new List<FloodResult>());
        foreach (var kind in line.GetValue(Attacks)!)
        {
            results.Add(await AttackAsync(line, kind, settings, new Screen(console, TimeProvider.System), cancellation));
        }

        var report = new FloodReport(Machine.ThisOne(TimeProvider.System), settings, results);
        Show(report, console);
        await LoadOptions.WriteAsync(line, report, FloodFigures.Markdown(report), cancellation);
        return report.ExitCode;
    }

    private static async Task<FloodResult> AttackAsync(
        ParseResult line, AttackKind kind, FloodSettings settings, Screen screen, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("danmaku-flood-").FullName;
        try
        {
            await using var cluster = await StartAsync(line, kind, folder);
            var load = cluster is null ? settings.Load : settings.Load with { Urls = cluster.Edges, Servers = cluster.Servers };
            using var run = new LoadRun("flood", load, TimeProvider.System, cancellation);
            var flood = new FloodRun(kind, settings with { Load = load }, run, folder, () => cluster?.Ended ?? [], TimeProvider.System);
            var running = LoadRun.StartAsync(flood.Run);
            await screen.FollowAsync(running, () => run.Progress);
            return await running;
        }
        catch (InvalidDataException failure)
        {
            return new FloodResult(kind, AttackSize.Of(kind, settings.Count, settings.Addresses), null, null) { WhyNot = failure.Message };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>Null if the command line names nodes that run already.</returns>
    private static async Task<PinnedCluster?> StartAsync(ParseResult line, AttackKind kind, string folder)
    {
        if (line.GetResult(LoadOptions.Urls) is { Implicit: false })
        {
            return null;
        }

        var bounds = new NodeBounds(
            kind == AttackKind.Idle ? line.GetValue(Descriptors) : null, kind == AttackKind.Half ? line.GetValue(Heap) : null);
        return await PinnedCluster.StartAsync(
            ClusterOptions.ExecutableOf(line), line.GetValue(Edges), line.GetValue(ClusterOptions.Store)!, originCore: null, edgeCore: null, folder,
            ClusterOptions.SettingsOf(line), TimeProvider.System, bounds: bounds);
    }

    private static FloodSettings Settings(ParseResult line)
    {
        var (rooms, viewers) = (line.GetValue(Rooms), line.GetValue(Viewers));
        var load = new LoadSettings(
            line.GetValue(LoadOptions.Urls)!, ServerKind.Danmaku, line.GetValue(LoadOptions.Room)!, rooms, viewers, ViewerFormat.Json,
            Math.Min(viewers, line.GetValue(Posters)), TextKind.Fixed, PostTexts.MinBytes * 2, ConnectRate: 250, SampleOneIn,
            [.. Enumerable.Range(0, rooms * viewers).Select(FloodAddresses.OfViewer)], [], IsSpinning: false);
        return new FloodSettings(
            load, line.GetValue(Rate), line.GetValue(LoadOptions.Warmup), line.GetValue(Duration), line.GetValue(MaxRatio), line.GetValue(Count),
            line.GetValue(Addresses));
    }

    private static void Show(FloodReport report, IAnsiConsole console)
    {
        // One table for each: all columns side by side are too many for a terminal.
        foreach (var row in FloodFigures.Rows(report))
        {
            var table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumns("what", "figure");
            foreach (var (name, value) in FloodFigures.Columns.Zip(row))
            {
                table.AddRow(Markup.Escape(name), Markup.Escape(value));
            }

            console.Write(table);
        }

        console.MarkupLine(report.IsFelt ? "[red]The honest felt it.[/]" : report.IsIncomplete ? "[yellow]Not all could be measured.[/]" : "[green]The honest felt nothing.[/]");
    }

    /// <summary>What <see cref="FloodRun"/> starts: the attackers.</summary>
    private static Command CreateAttackers()
    {
        var command = new Command("attackers", "Attacks until it is told to end.") { Kind, Count, Addresses, LoadOptions.Urls, LoadOptions.Room, OwnRoom };
        command.Hidden = true;
        command.SetAction((line, cancellation) =>
        {
            var kind = line.GetValue(Kind);
            var attack = new Attack(
                kind, AttackSize.Of(kind, line.GetValue(Count), line.GetValue(Addresses)), line.GetValue(LoadOptions.Urls)!, line.GetValue(LoadOptions.Room)!,
                line.GetValue(OwnRoom)!);
            return OnOwnThreadAsync(() =>
            {
                using var loop = new AttackLoop(attack, new RunClock(TimeProvider.System), Pollers.Create());
                var counts = loop.Run(() => Console.Out.WriteLine(FloodProcess.Ready), () => Console.Out.WriteLine(FloodProcess.Through), cancellation);
                Console.Out.WriteLine(JsonSerializer.Serialize(counts));
            });
        });
        return command;
    }

    /// <summary>What <see cref="FloodRun"/> starts: what they meet instead of a node.</summary>
    private static Command CreateStandIn()
    {
        var command = new Command("stand-in", "Takes connections and reads until it is told to end.") { Port };
        command.Hidden = true;
        command.SetAction((line, cancellation) => OnOwnThreadAsync(
            () => StandIn.Run(line.GetValue(Port), () => Console.Out.WriteLine(FloodProcess.Ready), cancellation)));
        return command;
    }

    private static async Task<int> OnOwnThreadAsync(Action work)
    {
        await LoadRun.StartAsync(() =>
        {
            work();
            return true;
        });
        return ExitCode.Clean;
    }
}
