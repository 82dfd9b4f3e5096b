using Danmaku.Bench.Cluster;

namespace Danmaku.Bench.Chaos;

/// <summary>All that a run has started: network, store, disks and nodes. Disposing it ends all of it.</summary>
public sealed class ChaosStage : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>What a small disk has room for besides a run's danmaku, and the most that it may have.</summary>
    private const long DiskBytes = 64L * 1024 * 1024;

    private const long MaxDiskBytes = 16 * DiskBytes;

    /// <summary>More than a danmaku takes in SQLite.</summary>
    private const long BytesPerPost = 4096;

    private ChaosStage(NodeNetwork network, ClusterStore store, NodeDisks disks, NodeClocks clocks, NodeCluster cluster) =>
        (Network, Store, Disks, Clocks, Cluster) = (network, store, disks, clocks, cluster);

    public NodeNetwork Network { get; }

    public ClusterStore Store { get; }

    public NodeDisks Disks { get; }

    public NodeClocks Clocks { get; }

    public NodeCluster Cluster { get; }

    /// <summary>Starts it, and waits until all nodes are ready.</summary>
    /// <param name="folder">For data and logs.</param>
    /// <param name="tell">Gets a line for each thing that happens.</param>
    /// <exception cref="InvalidDataException">It does not start; the message says why. Nothing is left running.</exception>
    public static async Task<ChaosStage> StartAsync(
        ChaosSettings settings, string folder, Action<string> tell, TimeProvider time, CancellationToken cancellation)
    {
        var nodes = NodeCluster.EdgeCount + (settings.Store == StoreKind.Sqlite ? 1 : 2);
        var network = await NetworkAsync(nodes);
        ClusterStore? store = null;
        NodeDisks? disks = null;
        NodeCluster? cluster = null;
        try
        {
            store = settings.Store switch
            {
                StoreKind.Postgresql =>
                    await PostgresStore.CreateAsync(network.Host, network.Cidr, Path.Combine(folder, "postgresql.log"), time),
                StoreKind.Sqlite => new SqliteStore(),
                _ => new MemoryStore(),
            };
            await store.StartAsync(cancellation);
            disks = await DisksAsync(settings, folder, time);
            var clocks = new NodeClocks(folder, settings.SetsClocks);
            cluster = new NodeCluster(settings.Node, network, store, disks, clocks, folder, tell, time);
            await ReadyAsync(cluster, time, cancellation);
            return new ChaosStage(network, store, disks, clocks, cluster);
        }
        catch
        {
            await EndAsync(cluster, store, disks, network);
            throw;
        }
    }

    public ValueTask DisposeAsync() => EndAsync(Cluster, Store, Disks, Network);

    private static async Task<NodeNetwork> NetworkAsync(int nodes)
    {
        if (NamespaceNetwork.WhyNot is { } reason)
        {
            return new LoopbackNetwork(nodes, reason);
        }

        try
        {
            return await NamespaceNetwork.CreateAsync(nodes);
        }
        catch (InvalidDataException error)
        {
            return new LoopbackNetwork(nodes, error.Message);
        }
    }

    /// <summary>Of those whose data would be missed: the origin with SQLite, else edges, which keep their caches there.</summary>
    private static async Task<NodeDisks> DisksAsync(ChaosSettings settings, string folder, TimeProvider time)
    {
        if (settings.IsShort || settings.Faults?.Contains(FaultKind.FillDisk) == false)
        {
            return NodeDisks.None("not asked for");
        }

        var hasRooms = settings.Store == StoreKind.Sqlite;
        var bytes = DiskBytes + (hasRooms ? (long)(settings.Rate * settings.Duration.TotalSeconds) * BytesPerPost : 0);
        var nodes = hasRooms ? ["origin-1"] : Enumerable.Range(1, NodeCluster.EdgeCount).Select(i => $"edge-{i}");
        return bytes > MaxDiskBytes
            ? NodeDisks.None("this run posts more than a small disk holds")
            : await NodeDisks.MountAsync(nodes.ToDictionary(name => name, name => Path.Combine(folder, name)), bytes, Path.Combine(folder, "disks.log"), time);
    }

    private static async Task ReadyAsync(NodeCluster cluster, TimeProvider time, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (await cluster.WhyNotReadyAsync(cancellation) is { } reason)
        {
            if (time.GetElapsedTime(start) > StartPatience)
            {
                throw new InvalidDataException($"The cluster does not start: {reason}");
            }

            await Task.Delay(PollEvery, time, cancellation);
        }
    }

    private static async ValueTask EndAsync(NodeCluster? cluster, ClusterStore? store, NodeDisks? disks, NodeNetwork network)
    {
        try
        {
            await (cluster?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (store?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (disks?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        finally
        {
            await network.DisposeAsync();
        }
    }
}
