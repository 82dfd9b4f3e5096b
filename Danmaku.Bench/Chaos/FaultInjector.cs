using Danmaku.Bench.Cluster;

namespace Danmaku.Bench.Chaos;

/// <summary>Breaks things.</summary>
public sealed class FaultInjector(
    NodeCluster cluster, NodeNetwork network, ClusterStore store, NodeDisks disks, NodeClocks clocks, ChaosCrowd crowd, TimeProvider time)
{
    /// <summary>How long a node may take to end when it is asked to (docs/operations.md).</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    private const int Fetches = 20;

    /// <summary>How wrong a clock is that jumps: further than a room's history goes back.</summary>
    private static readonly TimeSpan Jump = TimeSpan.FromDays(8);

    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Why a fault cannot be had here; null when it can.</summary>
    public static string? WhyNot(FaultKind kind, NodeNetwork network, ClusterStore store, NodeDisks disks) => kind switch
    {
        FaultKind.CutEdge or FaultKind.CutOrigin => network.WhyNoCut,
        FaultKind.Store => store.WhyNoKill,
        FaultKind.FillDisk => disks.WhyNoFill,
        FaultKind.ClockEdge or FaultKind.ClockOrigin => NodeClocks.WhyNot,
        _ => null,
    };

    /// <summary>Breaks it, and mends what does not mend itself.</summary>
    /// <returns>What was hit, for people.</returns>
    public async Task<string> InjectAsync(Fault fault, CancellationToken cancellation)
    {
        var edge = cluster.Edges[fault.Pick % cluster.Edges.Count];
        var origin = await OwnerAsync(fault, cancellation);
        switch (fault.Kind)
        {
            case FaultKind.KillEdge:
                edge.Kill();
                return edge.Name;
            case FaultKind.KillOrigin:
                origin.Kill();
                return origin.Name;
            case FaultKind.KillBoth:
                return await KillBothAsync(fault, edge, origin, cancellation);
            case FaultKind.StopEdge:
                return await StopAsync(edge);
            case FaultKind.StopOrigin:
                return await StopAsync(origin);
            case FaultKind.Roll:
                return await RollAsync(cancellation);
            case FaultKind.PauseEdge:
                return await PauseAsync(edge, fault.Length, cancellation);
            case FaultKind.PauseOrigin:
                return await PauseAsync(origin, fault.Length, cancellation);
            case FaultKind.CutEdge:
                return await CutAsync(edge, fault.Length, cancellation);
            case FaultKind.CutOrigin:
                return await CutAsync(origin, fault.Length, cancellation);
            case FaultKind.Store:
                return await KillStoreAsync(fault.Length, cancellation);
            case FaultKind.Slow:
                await crowd.SlowAsync(fault, cancellation);
                return "viewers";
            case FaultKind.Vanish:
                await crowd.VanishAsync(fault, cancellation);
                return "viewers";
            case FaultKind.FillDisk:
                return await FillDiskAsync(store is SqliteStore ? origin : edge, fault, cancellation);
            case FaultKind.ClockEdge:
                return await SetClockAsync(edge, fault, cancellation);
            case FaultKind.ClockOrigin:
                return await SetClockAsync(origin, fault, cancellation);
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, null);
        }
    }

    private async Task<ClusterNode> OwnerAsync(Fault fault, CancellationToken cancellation)
    {
        var owners = await cluster.OwnersAsync(cancellation);
        return owners.Count > 0 ? owners[fault.Pick % owners.Count] : cluster.Origins[0];
    }

    private async Task<string> KillBothAsync(Fault fault, ClusterNode edge, ClusterNode origin, CancellationToken cancellation)
    {
        var (first, second) = fault.Pick % 2 == 0 ? (edge, origin) : (origin, edge);
        first.Kill();
        await Task.Delay(Apart, time, cancellation);
        second.Kill();
        return $"{first.Name}, {second.Name}";
    }

    private static async Task<string> StopAsync(ClusterNode node)
    {
        await node.StopAsync(StopPatience);
        return node.Name;
    }

    private async Task<string> RollAsync(CancellationToken cancellation)
    {
        foreach (var node in cluster.Edges.Concat(cluster.Origins))
        {
            await node.StopAsync(StopPatience);
            var start = time.GetTimestamp();
            while (await cluster.WhyNotReadyAsync(cancellation) is not null && time.GetElapsedTime(start) < StopPatience)
            {
                await Task.Delay(PollEvery, time, cancellation);
            }
        }

        return "all nodes";
    }

    private async Task<string> PauseAsync(ClusterNode node, TimeSpan length, CancellationToken cancellation)
    {
        node.Freeze();
        try
        {
            await Task.Delay(length, time, cancellation);
        }
        finally
        {
            node.Thaw();
        }

        return node.Name;
    }

    private async Task<string> CutAsync(ClusterNode node, TimeSpan length, CancellationToken cancellation)
    {
        await network.CutAsync(node.Index);
        try
        {
            await Task.Delay(length, time, cancellation);
        }
        finally
        {
            await network.MendAsync(node.Index);
        }

        return node.Name;
    }

    private async Task<string> FillDiskAsync(ClusterNode node, Fault fault, CancellationToken cancellation)
    {
        await FetchAsync(node, $"{fault.Pick}-before");
        disks.Fill(node.Name);
        try
        {
            await FetchAsync(node, $"{fault.Pick}-full");
            await Task.Delay(fault.Length, time, cancellation);
        }
        finally
        {
            disks.Free(node.Name);
        }

        return node.Name;
    }

    /// <summary>Gives the cache of an edge something to keep.</summary>
    private static async Task FetchAsync(ClusterNode node, string name)
    {
        for (var i = 0; i < Fetches; i++)
        {
            using var answer = await node.Http.GetAsync($"/?{name}-{i}");
        }
    }

    private async Task<string> KillStoreAsync(TimeSpan length, CancellationToken cancellation)
    {
        store.Kill();
        await Task.Delay(length, time, cancellation);
        await store.StartAsync(cancellation);
        return store.Kind;
    }

    private async Task<string> SetClockAsync(ClusterNode node, Fault fault, CancellationToken cancellation)
    {
        var shift = fault.Pick / 2 % 2 == 0 ? Jump : -Jump;
        clocks.Set(node.Name, shift);
        try
        {
            await Task.Delay(fault.Length, time, cancellation);
        }
        finally
        {
            clocks.Set(node.Name, TimeSpan.Zero);
        }

        return $"{node.Name}, {(shift > TimeSpan.Zero ? "ahead" : "behind")}";
    }
}
