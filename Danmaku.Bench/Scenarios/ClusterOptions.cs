using System.CommandLine;
using Danmaku.Bench.Cluster;
using Danmaku.Bench.Measure;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>The options of a cluster that the tool starts for one run, instead of servers that are there.</summary>
public static class ClusterOptions
{
    public static readonly Option<string> Store = new Option<string>("--store")
    {
        Description = "Store of a cluster that the tool starts: sqlite or memory.",
        DefaultValueFactory = _ => "memory",
    }.AcceptOnlyFromAmong("sqlite", "memory");

    public static readonly Option<FileInfo?> Node = new("--node") { Description = "Executable of a node. Default: the one that was built with this tool." };

    public static readonly Option<string[]> NodeSettings = new("--set")
    {
        Description = "Option of nodes that the tool starts, as in --set Danmaku:Room:FlushEvery=00:00:00.020. Repeat it for more.",
    };

    private static readonly Option<int> Edges = Number(
        "--edges", "Number of edges that the tool starts, beside an origin, without their limits. 0: the servers are those of --url.", 0, least: 0, most: 99);

    private static readonly Option<int?> ServerCore = Core("--server-core", "Core of the edges that the tool starts. Default: any. Linux.");
    private static readonly Option<int?> LoadCore = Core("--load-core", "Core of this tool and of the origin that it starts. Default: any. Linux.");

    private static readonly Option<bool> Pauses = new("--gc-pauses")
    {
        Description = "Reports how long garbage collection paused each server of --edges while the tool measured.",
    };

    public static IEnumerable<Option> All => [Edges, Store, ServerCore, LoadCore, Pauses, Node, NodeSettings];

    /// <summary>Runs on a cluster that lives as long as that takes, if the command line asks for one.</summary>
    /// <returns>Also what its servers have noted of their garbage collections, which is known when they have ended; none if not asked for.</returns>
    public static async Task<(T Report, IReadOnlyList<GcPauses> Pauses)> RunAsync<T>(
        ParseResult line, LoadSettings settings, Func<LoadSettings, Task<T>> run)
    {
        if (line.GetValue(Edges) is not (> 0 and var edges))
        {
            return line.GetValue(Pauses)
                ? throw new InvalidDataException("--gc-pauses is for servers that the tool starts: say how many with --edges.")
                : (await run(settings), []);
        }

        var (serverCore, loadCore) = (line.GetValue(ServerCore), line.GetValue(LoadCore));
        if ((serverCore ?? loadCore) is not null && Cores.WhyNot is { } reason)
        {
            throw new InvalidDataException($"Nothing can be pinned to cores: {reason}.");
        }

        if (loadCore is { } own)
        {
            Cores.PinSelf(own);
        }

        T report;
        var folder = Directory.CreateTempSubdirectory("danmaku-bench-").FullName;
        try
        {
            var cluster = await PinnedCluster.StartAsync(
                ExecutableOf(line), edges, line.GetValue(Store)!, loadCore, serverCore, folder, SettingsOf(line), TimeProvider.System,
                isTraced: line.GetValue(Pauses));
            await using (cluster)
            {
                report = await run(settings with { Urls = cluster.Edges, Servers = cluster.Servers });
            }

            return (report, [.. cluster.Traces.Select(trace => trace.Read())]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static string ExecutableOf(ParseResult line) => line.GetValue(Node)?.FullName ?? Programs.FindOurs("Danmaku.Node");

    public static IReadOnlyList<string> SettingsOf(ParseResult line) => [.. (line.GetValue(NodeSettings) ?? []).Select(setting => "--" + setting)];

    private static Option<int?> Core(string name, string description) => new(name)
    {
        Description = description,
        Validators = { result => Require<int?>(result, value => value is null or >= 0 and <= 1000, "0 to 1000") },
    };
}
