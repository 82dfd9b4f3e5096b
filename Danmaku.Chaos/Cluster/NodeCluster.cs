using System.Collections.Concurrent;
using System.Net.Http.Json;

namespace Danmaku.Chaos.Cluster;

/// <summary>What <c>GET /api/cluster</c> says of one member.</summary>
public sealed record MemberView(string Name, string[] Roles, string Status, long Rooms, long Viewers);

public sealed record ClusterView(string Node, MemberView[] Members);

/// <summary>Origins and edges as processes of this machine. Who ends is started again.</summary>
public sealed class NodeCluster : IAsyncDisposable
{
    public const int EdgeCount = 3;

    private const int MaxErrorChars = 300;

    private readonly List<ClusterNode> _nodes = [];
    private readonly ConcurrentQueue<NodeExit> _exits = new();
    private readonly string _program;
    private readonly NodeNetwork _network;
    private readonly ClusterStore _store;
    private readonly IReadOnlyDictionary<string, SmallDisk> _disks;
    private readonly bool _setsClocks;
    private readonly string _folder;
    private readonly Action<string> _tell;

    /// <param name="program">The executable of a node.</param>
    /// <param name="disks">Of the nodes that have one for their data, by name.</param>
    /// <param name="setsClocks">Whether nodes have clocks that can be set.</param>
    /// <param name="folder">For the nodes' data and logs.</param>
    /// <param name="tell">Gets a line for each node that ends.</param>
    public NodeCluster(
        string program, NodeNetwork network, ClusterStore store, IReadOnlyDictionary<string, SmallDisk> disks, bool setsClocks, string folder,
        Action<string> tell, TimeProvider time)
    {
        (_program, _network, _store, _disks, _setsClocks, _folder, _tell) = (program, network, store, disks, setsClocks, folder, tell);
        for (var i = 0; i < store.Origins + EdgeCount; i++)
        {
            _nodes.Add(Create(i, time));
        }

        Origins = [.. _nodes.Where(node => node.Role == "origin")];
        Edges = [.. _nodes.Where(node => node.Role == "edge")];
    }

    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    public IReadOnlyList<ClusterNode> Origins { get; }

    public IReadOnlyList<ClusterNode> Edges { get; }

    /// <summary>In the order in which they came.</summary>
    public IReadOnlyCollection<NodeExit> Exits => _exits;

    /// <summary>Whether all nodes are ready and know each other and nobody else.</summary>
    /// <returns>Null when they are; else what is wrong with one of them.</returns>
    public async Task<string?> WhyNotReadyAsync(CancellationToken cancellation)
    {
        var answers = await Task.WhenAll(_nodes.Select(node => WhyNotReadyAsync(node, cancellation)));
        return answers.FirstOrDefault(answer => answer is not null);
    }

    /// <summary>The origins that keep rooms at the moment, those with the most first.</summary>
    public async Task<IReadOnlyList<ClusterNode>> OwnersAsync(CancellationToken cancellation)
    {
        var rooms = await Task.WhenAll(Origins.Select(async origin => (Origin: origin, Rooms: await RoomsAsync(origin, cancellation))));
        return [.. rooms.Where(each => each.Rooms > 0).OrderByDescending(each => each.Rooms).Select(each => each.Origin)];
    }

    /// <summary>Lines that nodes have logged as errors, the first of each node.</summary>
    public IEnumerable<string> LoggedErrors()
    {
        foreach (var node in _nodes)
        {
            string[] errors = [.. File.ReadLines(LogOf(node.Name)).Where(line =>
                line.Contains(" fail: ", StringComparison.Ordinal) || line.Contains(" crit: ", StringComparison.Ordinal))];
            if (errors.Length > 0)
            {
                var first = errors[0][..Math.Min(errors[0].Length, MaxErrorChars)];
                yield return FormattableString.Invariant($"{node.Name} logged {errors.Length} errors, first: {first}");
            }
        }
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));

    private ClusterNode Create(int index, TimeProvider time)
    {
        var isOrigin = index < _store.Origins;
        var (role, name) = isOrigin ? ("origin", $"origin-{index + 1}") : ("edge", $"edge-{index + 1 - _store.Origins}");
        var url = new UriBuilder("http", $"{_network.Http(index).Address}", _network.Http(index).Port).Uri;
        var data = Path.Combine(_folder, name);
        var (disk, clock) = (_disks.GetValueOrDefault(name), _setsClocks ? new FakeClock(_folder) : null);
        var settings = Settings(index, role, name, data, url).Concat(clock?.Environment ?? new Dictionary<string, string>()).ToDictionary();
        string[] command = [.. _network.Prefix(index), .. disk?.Prefix ?? [], _program, "--urls", $"{url}"];
        return new ClusterNode(index, name, role, url, () => OwnedProcess.Start(command, LogOf(name), settings), OnExit, time) { Disk = disk, Clock = clock };
    }

    private Dictionary<string, string> Settings(int index, string role, string name, string data, Uri url)
    {
        var seeds = Enumerable.Range(0, _store.Origins).Select(_network.Remoting);
        return new Dictionary<string, string>(role == "origin" ? _store.Settings(data) : new Dictionary<string, string>())
        {
            ["Danmaku__Roles"] = role,
            ["Danmaku__NodeName"] = name,
            ["Danmaku__DataDirectory"] = data,
            ["Danmaku__PublicUrl"] = $"{url}",
            ["Danmaku__Cluster__Network"] = _network.Cidr,
            ["Danmaku__Cluster__Port"] = $"{_network.Remoting(index).Port}",
            ["Danmaku__Cluster__Seeds"] = string.Join(',', seeds),

            // Nobody operates them, and on one address all would want the same port.
            ["Danmaku__Operator__Urls"] = "",

            // All viewers, and all posts over HTTP, come from one address here.
            ["Danmaku__Connection__HttpPostsPerSecond"] = "0",
            ["Danmaku__Connection__HttpRequestsPerSecond"] = "0",
            ["Danmaku__Connection__MessagesPerSecondPerAddress"] = "0",
            ["Danmaku__Connection__PostsPerSecondPerAddress"] = "0",
            ["Danmaku__Connection__RoomsPerAddress"] = "0",
            ["Danmaku__Connection__RoomsPerSecond"] = "0",

            // Long texts and a short queue: at the few posts of a run nobody would ever be too slow for a queue of 256.
            ["Danmaku__Connection__OutboxFrames"] = "32",
            ["Danmaku__Room__MaxTextChars"] = "1000",
            ["Danmaku__Room__HistoryBytes"] = "16777216",
        };
    }

    private void OnExit(NodeExit exit)
    {
        _exits.Enqueue(exit);
        _tell($"{exit}");
    }

    private async Task<string?> WhyNotReadyAsync(ClusterNode node, CancellationToken cancellation)
    {
        try
        {
            using var ready = await node.Http.GetAsync("/health/ready", cancellation);
            if (!ready.IsSuccessStatusCode)
            {
                return $"{node.Name} is {await ready.Content.ReadAsStringAsync(cancellation)}";
            }

            var view = (await node.Http.GetFromJsonAsync<ClusterView>("/api/cluster", cancellation))!;
            var members = view.Members.Select(member => $"{member.Name} {member.Status}").Order(StringComparer.Ordinal);
            var expected = _nodes.Select(each => $"{each.Name} Up").Order(StringComparer.Ordinal);
            return members.SequenceEqual(expected) ? null : $"{node.Name} sees {string.Join(", ", members)}";
        }
        catch (Exception error) when (IsFailure(error, cancellation))
        {
            return $"{node.Name} does not answer: {error.Message}";
        }
    }

    private static async Task<long> RoomsAsync(ClusterNode origin, CancellationToken cancellation)
    {
        try
        {
            var view = (await origin.Http.GetFromJsonAsync<ClusterView>("/api/cluster", cancellation))!;
            return view.Members.FirstOrDefault(member => member.Name == origin.Name)?.Rooms ?? 0;
        }
        catch (Exception error) when (IsFailure(error, cancellation))
        {
            return 0;
        }
    }

    private static bool IsFailure(Exception error, CancellationToken cancellation) =>
        error is HttpRequestException or IOException or System.Text.Json.JsonException
        || (error is OperationCanceledException && !cancellation.IsCancellationRequested);

    private string LogOf(string node) => Path.Combine(_folder, node + ".log");
}
