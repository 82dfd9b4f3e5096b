using System.Net;
using System.Net.Sockets;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>One origin and three edges, each a process of its own, for all tests of this folder.</summary>
/// <remarks>
/// Edges listen on the same port of different loopback addresses, as containers of one service do, so that a proxy can have one
/// name for all of them.
/// </remarks>
public sealed class ClusterFixture : IAsyncLifetime
{
    public const string Name = "cluster";

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Longer than it takes to find out that a node is dead, and to agree on it.</summary>
    private static readonly TimeSpan HealDeadline = TimeSpan.FromSeconds(60);

    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly List<NodeProcess> _nodes = [];
    private readonly int _remotingPort = Ports.Free(IPAddress.Loopback);
    private int _edges;

    /// <summary>The port that all edges have in common.</summary>
    public int EdgePort { get; } = Ports.Free(IPAddress.Any);

    internal NodeProcess Origin { get; private set; } = null!;

    /// <summary>The three that are always there.</summary>
    internal IReadOnlyList<NodeProcess> Edges { get; private set; } = [];

    public async Task InitializeAsync()
    {
        try
        {
            var url = Url("127.0.0.1", Ports.Free(IPAddress.Loopback));
            Origin = Start("origin", url, "Danmaku:Roles=origin", $"Danmaku:Cluster:Port={_remotingPort}");
            Edges = [StartEdge(), StartEdge(), StartEdge()];
            await ReadyAsync();
        }
        catch
        {
            await EndAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        try
        {
            await ReadyAsync(HealDeadline);
            Assert.All(await Task.WhenAll(Edges.Select(edge => edge.StopAsync())), code => Assert.Equal(0, code));
            Assert.Equal(0, await Origin.StopAsync());
            HasNoErrors();
        }
        finally
        {
            await EndAsync();
        }
    }

    /// <summary>Starts one more edge and waits until all know it. It is for the test to stop or kill it.</summary>
    /// <param name="settings">Such as <c>Danmaku:TrustedProxies=127.0.0.1</c>.</param>
    internal async Task<NodeProcess> AddEdgeAsync(params string[] settings) => Assert.Single(await AddEdgesAsync(settings));

    /// <summary>Starts one edge for each list of settings.</summary>
    internal async Task<IReadOnlyList<NodeProcess>> AddEdgesAsync(params string[][] settings)
    {
        NodeProcess[] edges = [.. settings.Select(StartEdge)];
        await ReadyAsync();
        return edges;
    }

    /// <summary>Waits until all nodes that run are ready and know each other and nobody else.</summary>
    internal async Task ReadyAsync(TimeSpan? deadline = null)
    {
        NodeProcess[] running = [.. _nodes.Where(node => !node.HasExited)];
        string[] names = [.. running.Select(node => node.Name)];
        foreach (var node in running)
        {
            try
            {
                await Eventually.TrueAsync(async () => await node.IsReadyAsync() && await node.SeesAsync(names), deadline ?? StartDeadline);
            }
            catch (Exception error) when (error is TimeoutException or HttpRequestException)
            {
                var log = string.Join('\n', _nodes.SelectMany(each => each.Log.TakeLast(20)));
                throw new InvalidOperationException(
                    $"{node.Name} is not ready or does not see {string.Join(", ", names)}: {error.Message}\n{log}", error);
            }
        }
    }

    /// <summary>Fails when a node has logged an error since the last call.</summary>
    internal void HasNoErrors()
    {
        string[] errors = [.. _nodes.SelectMany(node => node.TakeErrors().Select(error => $"{node.Name}: {error}"))];
        Assert.True(errors.Length == 0, string.Join('\n', errors));
    }

    private NodeProcess StartEdge(params string[] settings)
    {
        var number = ++_edges;
        var url = Loopback.HasMany ? Url($"127.0.0.{1 + number}", EdgePort) : Url("127.0.0.1", Ports.Free(IPAddress.Loopback));
        return Start($"edge-{number}", url, ["Danmaku:Roles=edge", "Danmaku:Cluster:Port=0", "Danmaku:PublicUrl=" + url, .. settings]);
    }

    private static Uri Url(string address, int port) => new UriBuilder("http", address, port).Uri;

    private NodeProcess Start(string name, Uri url, params string[] settings)
    {
        string[] common =
        [
            $"Danmaku:Cluster:Seeds=127.0.0.1:{_remotingPort}",
            "Danmaku:DataDirectory=" + Path.Combine(_data, name),
            "Danmaku:Connection:PostsPerSecond=0",
            "Danmaku:Connection:MessagesPerSecond=0",
            "Danmaku:Connection:MessagesPerSecondPerAddress=0",
            "Danmaku:Connection:PostsPerSecondPerAddress=0",
            "Danmaku:Room:PostsPerSecond=0",
        ];
        var node = new NodeProcess(name, url, [.. common, .. settings]);
        _nodes.Add(node);
        return node;
    }

    private async Task EndAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        Directory.Delete(_data, recursive: true);
    }
}

/// <summary>Shares <see cref="ClusterFixture"/>.</summary>
[CollectionDefinition(ClusterFixture.Name)]
public sealed class SharedCluster : ICollectionFixture<ClusterFixture>;

/// <summary>A test against <see cref="ClusterFixture"/>. Fails when a node has logged an error meanwhile.</summary>
public abstract class ClusterTest(ClusterFixture cluster) : IDisposable
{
    private static int _rooms;

    internal ClusterFixture Cluster => cluster;

    internal Uri Edge(int number) => cluster.Edges[number - 1].Url;

    /// <summary>A room that no other test uses.</summary>
    protected string Room { get; } = $"room-{Interlocked.Increment(ref _rooms)}";

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        cluster.HasNoErrors();
    }
}

/// <summary>What the system's loopback network can do.</summary>
internal static class Loopback
{
    /// <summary>Whether 127.0.0.2 and so on are there as well.</summary>
    public static bool HasMany { get; } = CanListen(IPAddress.Parse("127.0.0.2"));

    /// <summary>Whether ::1 is there.</summary>
    public static bool HasIPv6 { get; } = CanListen(IPAddress.IPv6Loopback);

    private static bool CanListen(IPAddress address)
    {
        try
        {
            return Ports.Free(address) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
