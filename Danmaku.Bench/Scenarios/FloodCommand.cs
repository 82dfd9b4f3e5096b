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
        Description = "What attackers do: " + string.Join(", ", Enum.GetValues<AttackKind>().Select(FloodFigures.Name))
            + ". Repeat it for more. Default: all but none, one after the other.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. Enum.GetValues<AttackKind>().Where(kind => kind != AttackKind.None)],
    };

    private static readonly Option<int?> Count = new("--count")
    {
        Description = "Number of connections of the attack, or of rooms. Default: idle 2000, half 4000, posts 300, pings, empty and clock 20, "
            + "http 32 at a time, rooms 10000.",
        Validators = { result => Require<int?>(result, value => value is null or > 0 and <= 1_000_000, "1 to 1000000") },
    };

    private static readonly Option<int?> Addresses = new("--addresses")
    {
        Description = "Number of addresses from which attackers come. Default: idle and half 10, http 4000, others 1.",
        Validators = { result => Require<int?>(result, value => value is null or > 0 and <= FloodAddresses.Most, $"1 to {FloodAddresses.Most}") },
    };

    private static readonly Option<int> Descriptors =
        Number("--descriptors", "Open files that a node may have which the tool starts for the attack idle.", 512, least: 256);

    private static readonly Option<int> Heap =
        Number("--heap", "MiB of managed memory that a node may have which the tool starts for the attack half.", 64, least: 32);
    private static readonly Option<int> Edges =
        Number("--edges", "Number of edges that the tool starts, beside an origin. 0: one node that is both.", 0, least: 0, most: 99);
    private static readonly Option<int> Rooms = Number("--rooms", "Number of rooms of honest viewers. Attackers post into the first.", 4, most: 1000);
    private static readonly Option<int> Viewers = Number("--viewers", "Number of honest viewers in each room, each with an address of its own.", 20);
    private static readonly Option<int> Posters = Number("--posters", "Number of honest viewers in each room that post.", 15);

    private static readonly Option<double> Rate = new("--rate")
    {
        Description = "Posts per second of all honest viewers together. From 40 per room on, danmaku wait for the tick of busy rooms also without an attack.",
        DefaultValueFactory = _ => 200,
        Validators = { result => Require<double>(result, value => value is > 0 and <= 10_000, "more than 0 and at most 10000") },
    };

    private static readonly Option<double> MaxRatio = new("--max-ratio")
    {
        Description = "Beside the attack p99 may be so many times what it is beside the stand-in.",
        DefaultValueFactory = _ => 3,
        Validators = { result => Require<double>(result, value => value >= 1, "at least 1") },
    };

    private static readonly Option<TimeSpan> Duration = Time(
        "--duration", "How long each of four measurements takes: before the attack, beside the stand-in, beside the attack, after it.",
        TimeSpan.FromSeconds(10));

    private static readonly Option<AttackKind> Kind = new("--attack") { Required = true };
    private static readonly Option<string> OwnRoom = new("--own-room") { Required = true };
    private static readonly Option<int> Port = new("--port") { Required = true };

    public static Command Create()
    {
        var command = new Command(
            "flood",
            "Attacks nodes on this machine while honest viewers watch and post, and reports whether these felt it: whether anything "
            + "was missing, anybody was refused or cut off, and how p99 compares with that beside a stand-in, a server that only reads what attackers send. "
            + "It starts a node for each attack, unless --url names nodes. Attackers use half a core. "
            + "Exit code 0: nobody felt anything. 1: somebody did. 2: it could not be measured. Linux.")
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
            console.WriteTable(FloodFigures.Columns.Zip(row));
        }

        console.MarkupLine(report switch
        {
            { IsFelt: true } => "[red]The honest felt it.[/]",
            { IsIncomplete: true } => "[yellow]Not all could be measured.[/]",
            _ => "[green]The honest felt nothing.[/]",
        });
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
