using System.Net;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>A cluster of processes whose nodes a test kills and starts again, as their supervisor would.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly Dictionary<string, Plan> _plans = [];
    private readonly Dictionary<string, NodeProcess> _nodes = [];
    private readonly List<NodeProcess> _gone = [];
    private readonly string _seeds;
    private readonly Func<string, string?> _executables;
    private readonly Func<string, IReadOnlyDictionary<string, string>?> _environments;

    /// <param name="edges">One for each list of settings.</param>
    /// <param name="origin">Settings of the origins: where several keep their rooms.</param>
    private Fleet(
        int origins, string[] origin, string[][] edges, Func<string, string?> executables, Func<string, IReadOnlyDictionary<string, string>?> environments)
    {
        (_executables, _environments) = (executables, environments);
        int[] ports = [.. Enumerable.Range(0, origins).Select(_ => Ports.Free(IPAddress.Loopback)).Order()];
        Seed = new IPEndPoint(IPAddress.Loopback, ports[0]);
        _seeds = string.Join(',', ports.Select(port => $"127.0.0.1:{port}"));
        for (var i = 0; i < origins; i++)
        {
            Add($"origin-{i + 1}", ["Danmaku:Roles=origin", $"Danmaku:Cluster:Port={ports[i]}", .. origin]);
        }

        for (var i = 0; i < edges.Length; i++)
        {
            Add($"edge-{i + 1}", ["Danmaku:Roles=edge", "Danmaku:Cluster:Port=0", .. edges[i]]);
        }
    }

    /// <summary>By name: origin-1, edge-1 and so on.</summary>
    public NodeProcess this[string name] => _nodes[name];

    /// <summary>Where the first origin is reached by other nodes.</summary>
    public IPEndPoint Seed { get; }

    public IEnumerable<NodeProcess> Origins => Named("origin-");

    public IEnumerable<NodeProcess> Edges => Named("edge-");

    public static Task<Fleet> StartAsync(int origins, params string[][] edges) => StartAsync(origins, [], edges);

    /// <param name="executables">What the node of a name is; null for the one under test.</param>
    /// <param name="environments">What the node of a name has in its environment besides; null for nothing.</param>
    public static async Task<Fleet> StartAsync(
        int origins, string[] origin, string[][] edges, Func<string, string?>? executables = null,
        Func<string, IReadOnlyDictionary<string, string>?>? environments = null)
    {
        var fleet = new Fleet(origins, origin, edges, executables ?? (_ => null), environments ?? (_ => null));
        try
        {
            fleet.Start([.. fleet._plans.Keys]);
            await fleet.ReadyAsync();
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts nodes that do not run, with the addresses and the data that they had before.</summary>
    public void Start(params string[] names)
    {
        foreach (var name in names)
        {
            if (_nodes.TryGetValue(name, out var old))
            {
                Assert.True(old.HasExited);
                _gone.Add(old);
            }

            _nodes[name] = new NodeProcess(name, _plans[name].Url, _plans[name].Settings, _executables(name), _environments(name));
        }
    }

    /// <summary>Waits until all nodes that run are ready and see each other and nobody else.</summary>
    public async Task ReadyAsync()
    {
        try
        {
            NodeProcess[] running = [.. _nodes.Values.Where(node => !node.HasExited)];
            await Eventually.TrueAsync(async () => await AllAsync(running, node => node.IsReadyAsync()), Deadline, "all are ready");
            await OnlyAsync(running, running);
        }
        catch (Exception error) when (error is TimeoutException or HttpRequestException)
        {
            throw new InvalidOperationException(
                error.Message + "\n" + string.Join('\n', _nodes.Values.SelectMany(node => node.Log.TakeLast(15).Prepend(node.Name))), error);
        }
    }

    /// <summary>Waits until these nodes see each other and nobody else.</summary>
    public static Task OnlyAsync(IReadOnlyCollection<NodeProcess> viewers, IEnumerable<NodeProcess> members)
    {
        string[] names = [.. members.Select(node => node.Name)];
        return Eventually.TrueAsync(
            async () => await AllAsync(viewers, node => node.SeesAsync(names)), Deadline, $"only {string.Join(", ", names)} are members");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values.Concat(_gone))
        {
            await node.DisposeAsync();
        }

        Directory.Delete(_data, recursive: true);
    }

    private static async Task<bool> AllAsync(IEnumerable<NodeProcess> nodes, Func<NodeProcess, Task<bool>> condition)
    {
        foreach (var node in nodes)
        {
            if (!await condition(node))
            {
                return false;
            }
        }

        return true;
    }

    private IEnumerable<NodeProcess> Named(string prefix) => _nodes.Values.Where(node => node.Name.StartsWith(prefix, StringComparison.Ordinal));

    private void Add(string name, string[] settings)
    {
        string[] common =
        [
            $"Danmaku:Cluster:Seeds={_seeds}",
            "Danmaku:DataDirectory=" + Path.Combine(_data, name),
            "Danmaku:Connection:HttpPostsPerSecond=0",
            "Danmaku:Connection:PostsPerSecond=0",
            "Danmaku:DrainSeconds=1",

            // The release before ends where it does not know an option.
            .. _executables(name) is null ? ["Danmaku:Connection:PostsPerSecondPerAddress=0"] : Array.Empty<string>(),
        ];
        _plans[name] = new Plan(new Uri($"http://127.0.0.1:{Ports.Free(IPAddress.Loopback)}"), [.. common, .. settings]);
    }

    private sealed record Plan(Uri Url, string[] Settings);
}
