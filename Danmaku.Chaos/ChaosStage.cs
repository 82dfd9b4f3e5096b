using Danmaku.Chaos.Cluster;
using Danmaku.Chaos.Faults;

namespace Danmaku.Chaos;

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

    private readonly Dictionary<string, SmallDisk> _disks = [];
    private ClusterStore? _store;
    private NodeCluster? _cluster;

    private ChaosStage(NodeNetwork network) => Network = network;

    public NodeNetwork Network { get; }

    public ClusterStore Store => _store!;

    public NodeCluster Cluster => _cluster!;

    /// <summary>Why no disk can be filled here; null when disks can.</summary>
    public string? WhyNoFill { get; private set; }

    /// <summary>Starts it, and waits until all nodes are ready.</summary>
    /// <param name="folder">For data and logs.</param>
    /// <param name="tell">Gets a line for each thing that happens.</param>
    /// <exception cref="InvalidDataException">It does not start; the message says why. Nothing is left running.</exception>
    public static async Task<ChaosStage> StartAsync(
        ChaosSettings settings, string folder, Action<string> tell, TimeProvider time, CancellationToken cancellation)
    {
        var nodes = NodeCluster.EdgeCount + (settings.Store == StoreKind.Sqlite ? 1 : 2);
        var stage = new ChaosStage(await NetworkAsync(nodes));
        try
        {
            stage._store = settings.Store switch
            {
                StoreKind.Postgresql => await PostgresStore.StartNewAsync(stage.Network, Path.Combine(folder, "postgresql.log")),
                StoreKind.Sqlite => new SqliteStore(),
                _ => new MemoryStore(),
            };
            stage.WhyNoFill = await stage.MountAsync(settings, folder);
            stage._cluster = new NodeCluster(settings.Node, stage.Network, stage._store, stage._disks, settings.SetsClocks, folder, tell, time);
            await ReadyAsync(stage._cluster, time, cancellation);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Copies what is on small disks to where it is seen without them. To be called when the nodes have ended.</summary>
    public Task KeepDisksAsync() => Task.WhenAll(_disks.Values.Select(disk => disk.KeepAsync()));

    public async ValueTask DisposeAsync()
    {
        try
        {
            await (_cluster?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (_store?.DisposeAsync() ?? ValueTask.CompletedTask);
            await Task.WhenAll(_disks.Values.Select(disk => disk.DisposeAsync().AsTask()));
        }
        finally
        {
            await Network.DisposeAsync();
        }
    }

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

    /// <summary>Gives small disks to those whose data would be missed: the origin with SQLite, else edges, which keep their caches there.</summary>
    /// <returns>Why there are none; null when there are.</returns>
    private async Task<string?> MountAsync(ChaosSettings settings, string folder)
    {
        if (settings.IsShort || settings.Faults?.Contains(FaultKind.FillDisk) == false)
        {
            return "not asked for";
        }

        var hasRooms = settings.Store == StoreKind.Sqlite;
        var bytes = DiskBytes + (hasRooms ? (long)(settings.Rate * settings.Duration.TotalSeconds) * BytesPerPost : 0);
        if (SmallDisk.WhyNot is not null || bytes > MaxDiskBytes)
        {
            return SmallDisk.WhyNot ?? "this run posts more than a small disk holds";
        }

        try
        {
            foreach (var node in hasRooms ? ["origin-1"] : Enumerable.Range(1, NodeCluster.EdgeCount).Select(i => $"edge-{i}"))
            {
                _disks[node] = await SmallDisk.MountAsync(Path.Combine(folder, node), bytes);
            }

            return null;
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }

    private static async Task ReadyAsync(NodeCluster cluster, TimeProvider time, CancellationToken cancellation)
    {
        string? reason = null;
        if (!await Eventually.WithinAsync(
            StartPatience, PollEvery, async () => (reason = await cluster.WhyNotReadyAsync(cancellation)) is null, time, cancellation))
        {
            throw new InvalidDataException($"The cluster does not start: {reason}");
        }
    }
}
