using System.CommandLine;
using System.CommandLine.Parsing;
using System.Security.Cryptography;
using Danmaku.Chaos.Cluster;
using Danmaku.Chaos.Faults;
using Danmaku.Chaos.Report;
using Spectre.Console;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Chaos;

/// <summary>The command line.</summary>
public static class ChaosCommand
{
    /// <summary>What a run may take beyond its duration, whatever happens.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(15);

    /// <summary>Where the only origin ends, edges look for another after a minute without one (docs/operations.md).</summary>
    private static readonly TimeSpan SqliteSettle = TimeSpan.FromMinutes(3);

    private static readonly Option<TimeSpan> Duration =
        Time("--duration", "How long the tool begins new faults. The short schedule ends by itself.", TimeSpan.FromMinutes(2));

    private static readonly Option<int> Seed = new("--seed")
    {
        Description = "Number that decides the schedule; the same seed gives the same one. Default: a new one, which the report names.",
        DefaultValueFactory = _ => RandomNumberGenerator.GetInt32(1, 1_000_000),
    };

    private static readonly Option<StoreKind> Store = new("--store")
    {
        Description = "Store of the rooms: postgresql (two origins, and a PostgreSQL that the tool starts), sqlite (one origin) or memory (two origins; "
            + "nothing counts as durable). Default postgresql where it is installed, else sqlite.",
        DefaultValueFactory = _ => PostgresStore.WhyNot is null ? StoreKind.Postgresql : StoreKind.Sqlite,
    };

    private static readonly Option<string> Schedule = new Option<string>("--schedule")
    {
        Description = "short: kills and stops an origin and an edge and kills the store, once each. all: injects all faults, again and again.",
        DefaultValueFactory = _ => "all",
    }.AcceptOnlyFromAmong("short", "all");

    private static readonly Option<FaultKind[]?> Faults = new("--faults")
    {
        Description = "Faults of the schedule all, separated by commas. Default: every fault that this machine can have.",
        CustomParser = ParseFaults,
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<int> Viewers = Number("--viewers", "Number of viewers, spread over rooms and edges.", 60, most: 3000);
    private static readonly Option<int> Rooms = Number("--rooms", "Number of rooms.", 3, most: 100);

    private static readonly Option<double> Rate = new("--rate")
    {
        Description = "Posts per second, of all viewers together.",
        DefaultValueFactory = _ => 30,
        Validators = { result => Require<double>(result, value => value is > 0 and <= 1000, "more than 0 and at most 1000") },
    };

    private static readonly Option<TimeSpan> Settle =
        Time("--settle", "How long the cluster may take to be whole again after a fault. Default with sqlite: 3m.", TimeSpan.FromSeconds(60));

    private static readonly Option<FileInfo?> Node = new("--node") { Description = "Executable of a node. Default: the one that was built with this tool." };
    private static readonly Option<FileInfo?> ReportFile = new("--report") { Description = "File for the report as Markdown." };
    private static readonly Option<bool> Verbose = new("--verbose") { Description = "Shows all that happens, not only faults." };

    public static RootCommand Create()
    {
        var command = new RootCommand(
            "Starts a cluster on this machine, breaks it on a schedule while viewers watch and post, and checks that nobody loses anything "
            + "or gets it twice. Exit code 0: all is as promised. 1: it is not. 2: there was no cluster to break.")
        {
            Duration, Seed, Store, Schedule, Faults, Viewers, Rooms, Rate, Settle, Node, ReportFile, Verbose,
        };
        command.SetAction(RunAsync);
        command.EndHelpWith(_ =>
        [
            "Faults:", .. FaultKinds.All.Select(kind => $"  {kind.Name(),-14}{kind.Meaning()}"), "",
            "Examples:", "  Danmaku.Chaos --duration 15m --seed 7", "  Danmaku.Chaos --schedule short --store sqlite",
            "  Danmaku.Chaos --faults kill-origin,store --duration 60s --report chaos.md",
        ]);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult line, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(line.GetValue(Duration) + Grace);
        try
        {
            var report = await new ChaosScenario(Settings(line), Consoles.Open(), TimeProvider.System).RunAsync(limit.Token);
            if (line.GetValue(ReportFile) is { } file)
            {
                await File.WriteAllTextAsync(file.FullName, ChaosFigures.Markdown(report), cancellation);
            }

            return report.IsClean ? ExitCode.Clean : ExitCode.NotClean;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(cancellation.IsCancellationRequested ? "Interrupted." : "The run did not come to its end.");
            return cancellation.IsCancellationRequested ? ExitCode.NothingMeasured : ExitCode.NotClean;
        }
        catch (InvalidDataException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return ExitCode.NothingMeasured;
        }
    }

    private static ChaosSettings Settings(ParseResult line)
    {
        var store = line.GetValue(Store);
        if (store == StoreKind.Postgresql && PostgresStore.WhyNot is { } reason)
        {
            throw new InvalidDataException($"--store postgresql: {reason}.");
        }

        var kinds = line.GetValue(Faults);
        return new ChaosSettings(
            line.GetValue(Duration),
            line.GetValue(Seed),
            store,
            line.GetValue(Schedule) == "short",
            kinds is { Length: > 0 } ? kinds : null,
            line.GetValue(Viewers),
            line.GetValue(Rooms),
            line.GetValue(Rate),
            line.GetResult(Settle) is not { Implicit: false } && store == StoreKind.Sqlite ? SqliteSettle : line.GetValue(Settle),
            line.GetValue(Node)?.FullName ?? Programs.FindOurs("Danmaku.Node"),
            line.GetValue(Verbose));
    }

    private static FaultKind[] ParseFaults(ArgumentResult result)
    {
        string[] names = [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries))];
        foreach (var unknown in names.Where(name => FaultKinds.Find(name) is null))
        {
            result.AddError($"There is no fault '{unknown}'.");
        }

        return [.. names.Select(FaultKinds.Find).OfType<FaultKind>()];
    }
}
