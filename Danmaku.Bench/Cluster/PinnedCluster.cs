using System.Net;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Cluster;

/// <summary>What nodes may have where their bounds are measured; their limits are not lifted then.</summary>
/// <param name="Descriptors">Open files; null for what this tool may have.</param>
/// <param name="HeapMiB">Managed memory; null for as much as there is.</param>
public sealed record NodeBounds(int? Descriptors, int? HeapMiB)
{
    /// <summary>What is to stand before a node's command.</summary>
    public IReadOnlyList<string> Prefix => Descriptors is { } files ? ["/bin/sh", "-c", """ulimit -n "$0" && exec "$@" """, $"{files}"] : [];

    /// <summary>The runtime reads the number as hexadecimal.</summary>
    public IReadOnlyDictionary<string, string> Environment => HeapMiB is { } heap
        ? new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = $"{(long)heap * 1024 * 1024:x}" }
        : new Dictionary<string, string>();
}

/// <summary>One origin and some edges for measuring: each on a core of its choice, with all limits lifted that a load tool meets.</summary>
public sealed class PinnedCluster : IAsyncDisposable
{
    /// <summary>Nobody operates the nodes, which would all want the same port.</summary>
    private const string NoOperators = "--Danmaku:Operator:Urls=";

    private static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>();
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(100);

    private readonly List<OwnedProcess> _processes = [];
    private readonly List<Uri> _urls = [];
    private readonly List<ServerProcess> _servers = [];
    private readonly List<GcTrace> _traces = [];

    private PinnedCluster()
    {
    }

    /// <summary>Of the edges.</summary>
    public IReadOnlyList<Uri> Edges => _urls.Count == 1 ? _urls : _urls[1..];

    /// <summary>The edges, then the origin.</summary>
    public IReadOnlyList<ServerProcess> Servers => [.. _servers.Skip(1), _servers[0]];

    /// <summary>Of the servers, in their order; complete when the cluster has ended. None if not asked for.</summary>
    public IReadOnlyList<GcTrace> Traces => [.. _traces.Skip(1), .. _traces.Take(1)];

    /// <summary>The nodes that have ended by themselves, and how.</summary>
    public IReadOnlyList<string> Ended => [.. _processes.Zip(_servers)
        .Where(node => node.First.Ended.IsCompleted)
        .Select(node => $"{node.Second.Name} ended with {node.First.Ended.GetAwaiter().GetResult()}")];

    /// <param name="node">The executable of a node.</param>
    /// <param name="edges">0 for one node that is origin and edge.</param>
    /// <param name="store">As <c>Danmaku:Store:Kind</c> has it.</param>
    /// <param name="originCore">Null for any core.</param>
    /// <param name="edgeCore">Of all edges; null for any core.</param>
    /// <param name="folder">For data and logs.</param>
    /// <param name="settings">Further options of all nodes, as arguments.</param>
    /// <param name="isTraced">Whether the nodes note their garbage collections.</param>
    /// <param name="bounds">Null for nodes without limits.</param>
    /// <exception cref="InvalidDataException">It does not start; the message says why. Nothing is left running.</exception>
    public static async Task<PinnedCluster> StartAsync(
        string node, int edges, string store, int? originCore, int? edgeCore, string folder, IReadOnlyList<string> settings, TimeProvider time,
        bool isTraced = false, NodeBounds? bounds = null)
    {
        var cluster = new PinnedCluster();
        try
        {
            int[] ports = [.. Enumerable.Range(0, 2 * (edges + 1)).Select(_ => Ports.Free(IPAddress.Loopback))];
            for (var i = 0; i <= edges; i++)
            {
                var (name, server, roles, core) = i switch
                {
                    0 when edges == 0 => ("node", "node", "origin,edge", edgeCore),
                    0 => ("origin", "origin", "origin", originCore),
                    _ => ($"edge-{i}", edges == 1 ? "edge" : $"edge {i}", "edge", edgeCore),
                };
                string[] options =
                [
                    $"--Danmaku:Roles={roles}", $"--Danmaku:NodeName={name}", $"--Danmaku:Store:Kind={store}",
                    $"--Danmaku:DataDirectory={Path.Combine(folder, name)}", $"--Danmaku:Cluster:Port={ports[(2 * i) + 1]}",
                    $"--Danmaku:Cluster:Seeds=127.0.0.1:{ports[1]}", NoOperators, .. bounds is null ? Unlimited : [], .. settings,
                ];
                IEnumerable<string> command = [.. core is { } pinned ? Cores.Prefix(pinned) : [], .. bounds?.Prefix ?? [], node];
                var trace = isTraced ? new GcTrace(server, Path.Combine(folder, name + ".nettrace")) : null;
                cluster.Start(command, new Uri($"http://127.0.0.1:{ports[2 * i]}"), options, server, Path.Combine(folder, name + ".log"), trace, bounds);
            }

            await cluster.ReadyAsync(folder, time);
            return cluster._traces.Find(trace => !File.Exists(trace.File)) is { } missing
                ? throw new InvalidDataException($"The runtime of the {missing.Server} does not note its garbage collections.")
                : cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>All posts come from a few connections and all viewers from one address.</summary>
    private static IReadOnlyList<string> Unlimited =>
    [
        "--Danmaku:Connection:ConnectionsPerAddress=0", "--Danmaku:Connection:ConnectsPerSecond=0", "--Danmaku:Connection:PostsPerSecond=0",
        "--Danmaku:Connection:MaxPendingPosts=65536", "--Danmaku:Room:PostsPerSecond=0", "--Danmaku:Connection:MessagesPerSecond=0",
        "--Danmaku:Connection:MessagesPerSecondPerAddress=0", "--Danmaku:Connection:HttpRequestsPerSecond=0",
        "--Danmaku:Connection:PostsPerSecondPerAddress=0", "--Danmaku:Connection:RoomsPerAddress=0", "--Danmaku:Connection:RoomsPerSecond=0",
    ];

    /// <summary>Edges end before their origin, so that they need not look for it.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.AsEnumerable().Reverse())
        {
            process.Send(Signal.Terminate);
            await Task.WhenAny(process.Ended, Task.Delay(StopPatience));
            await process.DisposeAsync();
        }
    }

    private void Start(IEnumerable<string> command, Uri url, string[] options, string server, string log, GcTrace? trace, NodeBounds? bounds)
    {
        var environment = (trace?.Settings ?? Nothing).Concat(bounds?.Environment ?? Nothing).ToDictionary();
        var process = OwnedProcess.Start([.. command, "--urls", $"{url}".TrimEnd('/'), .. options], log, environment);
        _processes.Add(process);
        _servers.Add(new ServerProcess(server, process.Id));
        _urls.Add(url);
        _traces.AddRange(trace is null ? [] : [trace]);
    }

    private async Task ReadyAsync(string folder, TimeProvider time)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var start = time.GetTimestamp();
        foreach (var url in _urls)
        {
            while (!await IsReadyAsync(http, url))
            {
                if (time.GetElapsedTime(start) > StartPatience || _processes.Exists(process => process.Ended.IsCompleted))
                {
                    var logs = Directory.GetFiles(folder, "*.log").Select(file => File.ReadLines(file).LastOrDefault());
                    throw new InvalidDataException($"The node at {url} does not start: {string.Join(" / ", logs)}");
                }

                await Task.Delay(PollEvery, time);
            }
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, Uri url)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(url, "/health/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
