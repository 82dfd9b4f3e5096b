using Danmaku.Bench.Cluster;

namespace Danmaku.Bench.Chaos;

/// <summary>All that a run has started: network, store and nodes. Disposing it ends all of it.</summary>
public sealed class ChaosStage : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);

    private ChaosStage(NodeNetwork network, ClusterStore store, NodeClocks clocks, NodeCluster cluster) =>
        (Network, Store, Clocks, Cluster) = (network, store, clocks, cluster);

    public NodeNetwork Network { get; }

    public ClusterStore Store { get; }

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
            var clocks = new NodeClocks(folder, settings.SetsClocks);
            cluster = new NodeCluster(settings.Node, network, store, clocks, folder, tell, time);
            await ReadyAsync(cluster, time, cancellation);
            return new ChaosStage(network, store, clocks, cluster);
        }
        catch
        {
            await EndAsync(cluster, store, network);
            throw;
        }
    }

    public ValueTask DisposeAsync() => EndAsync(Cluster, Store, Network);

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

    private static async ValueTask EndAsync(NodeCluster? cluster, ClusterStore? store, NodeNetwork network)
    {
        try
        {
            await (cluster?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (store?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        finally
        {
            await network.DisposeAsync();
        }
    }
}
