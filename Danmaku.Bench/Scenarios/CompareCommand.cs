using System.CommandLine;
using Danmaku.Bench.Cluster;
using Danmaku.Bench.Compare;
using Danmaku.Bench.Report;
using Spectre.Console;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>The command line of <see cref="Comparison"/>.</summary>
public static class CompareCommand
{
    private static readonly double[] DefaultRates = [50, 5, 300];

    private static readonly Option<string[]> PeerNames = new("--peers")
    {
        Description = "Servers to compare: " + string.Join(", ", Peers.All.Select(peer => peer.Name)) + ". Default: all that this machine can run.",
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries))],
    };

    private static readonly Option<int> ServerCore = Number("--server-core", "Core of the server that is measured.", 0, least: 0, most: 1000);
    private static readonly Option<int> LoadCore = Number("--load-core", "Core of this tool and of a cluster's origin.", 1, least: 0, most: 1000);
    private static readonly Option<int> Viewers = Number("--viewers", "Number of viewers.", 1000);
    private static readonly Option<int> Posters = Number("--posters", "Number of viewers that post.", 10);
    private static readonly Option<int> Bytes = Number("--bytes", "Length of a text.", 100, PostTexts.MinBytes, 3000);

    private static readonly Option<double[]> Rates = new("--rates")
    {
        Description = "Posts per second at which each server is measured. Default 50 5 300.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => DefaultRates,
    };

    private static readonly Option<TimeSpan> Duration = Time("--duration", "How long each rate is measured.", TimeSpan.FromSeconds(10));
    private static readonly Option<TimeSpan> Step = Time("--step", "How long each rate lasts while the tool looks for the maximum.", TimeSpan.FromSeconds(4));
    private static readonly Option<TimeSpan> Warmup = Time("--warmup", "How long each server is warmed up.", TimeSpan.FromSeconds(5));
    private static readonly Option<int> FirstOfMax = Number("--first", "Posts per second at which the search for the maximum begins.", 25);
    private static readonly Option<int> Runs =
        Number("--runs", "How often each server is measured. All are measured once before any is measured again.", 1, most: 100);

    public static Command Create()
    {
        var command = new Command("compare", "Starts one server after the other alone on a core, puts the same load on each, and makes one table of it: "
            + "fixed rates, and the most that each can take with p99 below 250 ms and nothing missing. "
            + "Exit code 0: at least one server was measured. 2: none was. Linux.")
        {
            PeerNames, ServerCore, LoadCore, Viewers, Posters, Bytes, Rates, Duration, Step, Warmup, FirstOfMax, Runs, ClusterOptions.Store,
            ClusterOptions.Node, ClusterOptions.NodeSettings,
            LoadOptions.JsonFile, LoadOptions.ReportFile,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult line, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("danmaku-compare-").FullName;
        try
        {
            return await LoadOptions.GuardAsync(() => CompareAsync(line, folder, cancellation));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> CompareAsync(ParseResult line, string folder, CancellationToken cancellation)
    {
        if (Cores.WhyNot is { } reason)
        {
            throw new InvalidDataException($"Servers cannot be pinned to cores: {reason}.");
        }

        var settings = Settings(line, folder);
        Cores.PinSelf(settings.Place.LoadCore);
        var console = Consoles.Open();
        var runs = await new Comparison(settings, console, cancellation).RunAsync();
        var report = new ComparisonReport(Machine.ThisOne(TimeProvider.System), settings.Viewers, settings.Bytes, settings.Rates, runs);
        Show(report, console);
        await LoadOptions.WriteAsync(line, report, ComparisonFigures.Markdown(report), cancellation);
        return runs.Any(run => run.WhyNot is null) ? ExitCode.Clean : ExitCode.NothingMeasured;
    }

    private static ComparisonSettings Settings(ParseResult line, string folder)
    {
        var names = line.GetValue(PeerNames);
        return new ComparisonSettings(
            names is { Length: > 0 } ? Peers.Find(names) : Peers.All,
            line.GetValue(Viewers),
            line.GetValue(Posters),
            line.GetValue(Bytes),
            line.GetValue(Rates) is { Length: > 0 } rates ? rates : DefaultRates,
            line.GetValue(Warmup),
            line.GetValue(Duration),
            line.GetValue(FirstOfMax),
            line.GetValue(Step),
            line.GetValue(Runs),
            new PeerPlace(
                ClusterOptions.ExecutableOf(line),
                line.GetValue(ServerCore),
                line.GetValue(LoadCore),
                folder,
                line.GetValue(ClusterOptions.Store)!,
                ClusterOptions.SettingsOf(line)));
    }

    private static void Show(ComparisonReport report, IAnsiConsole console)
    {
        console.WriteTable(ComparisonFigures.Columns(report), ComparisonFigures.Rows(report));
        foreach (var remark in ComparisonFigures.Remarks(report))
        {
            console.MarkupLineInterpolated($"[yellow]{remark}[/]");
        }
    }
}
