using Danmaku.Chaos.Cluster;
using Danmaku.Chaos.Viewers;

namespace Danmaku.Chaos.Faults;

/// <summary>Breaks things.</summary>
public sealed class FaultInjector(ChaosStage stage, ChaosCrowd crowd, TimeProvider time)
{
    /// <summary>How long a node may take to end when it is asked to (docs/operations.md).</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    private const int Fetches = 20;

    /// <summary>How wrong a clock is that jumps: further than a room's history goes back.</summary>
    private static readonly TimeSpan Jump = TimeSpan.FromDays(8);

    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Why a fault cannot be had here; null when it can.</summary>
    public static string? WhyNot(FaultKind kind, ChaosStage stage) => kind switch
    {
        FaultKind.CutEdge or FaultKind.CutOrigin => stage.Network.WhyNoCut,
        FaultKind.Store => stage.Store.WhyNoKill,
        FaultKind.FillDisk => stage.WhyNoFill,
        FaultKind.ClockEdge or FaultKind.ClockOrigin => FakeClock.Library is null ? "libfaketime is not installed (Debian: faketime)" : null,
        _ => null,
    };

    /// <summary>Breaks it, and mends what does not mend itself.</summary>
    /// <returns>What was hit, for people.</returns>
    public async Task<string> InjectAsync(Fault fault, CancellationToken cancellation)
    {
        var edge = stage.Cluster.Edges[fault.Pick % stage.Cluster.Edges.Count];
        var origin = await OwnerAsync(fault, cancellation);
        return fault.Kind switch
        {
            FaultKind.KillEdge => Kill(edge),
            FaultKind.KillOrigin => Kill(origin),
            FaultKind.KillBoth => await KillBothAsync(fault, edge, origin, cancellation),
            FaultKind.StopEdge => await StopAsync(edge),
            FaultKind.StopOrigin => await StopAsync(origin),
            FaultKind.Roll => await RollAsync(cancellation),
            FaultKind.PauseEdge => await PauseAsync(edge, fault.Length, cancellation),
            FaultKind.PauseOrigin => await PauseAsync(origin, fault.Length, cancellation),
            FaultKind.CutEdge => await CutAsync(edge, fault.Length, cancellation),
            FaultKind.CutOrigin => await CutAsync(origin, fault.Length, cancellation),
            FaultKind.Store => await KillStoreAsync(fault.Length, cancellation),
            FaultKind.Slow => await ByViewersAsync(crowd.SlowAsync(fault, cancellation)),
            FaultKind.Vanish => await ByViewersAsync(crowd.VanishAsync(fault, cancellation)),
            FaultKind.FillDisk => await FillDiskAsync(stage.Store is SqliteStore ? origin : edge, fault, cancellation),
            FaultKind.ClockEdge => await SetClockAsync(edge, fault, cancellation),
            FaultKind.ClockOrigin => await SetClockAsync(origin, fault, cancellation),
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, null),
        };
    }

    private async Task<ClusterNode> OwnerAsync(Fault fault, CancellationToken cancellation)
    {
        var owners = await stage.Cluster.OwnersAsync(cancellation);
        return owners.Count > 0 ? owners[fault.Pick % owners.Count] : stage.Cluster.Origins[0];
    }

    private static string Kill(ClusterNode node)
    {
        node.Kill();
        return node.Name;
    }

    private static async Task<string> ByViewersAsync(Task fault)
    {
        await fault;
        return "viewers";
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
        foreach (var node in stage.Cluster.Edges.Concat(stage.Cluster.Origins))
        {
            await node.StopAsync(StopPatience);
            await Eventually.WithinAsync(
                StopPatience, PollEvery, async () => await stage.Cluster.WhyNotReadyAsync(cancellation) is null, time, cancellation);
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
        await stage.Network.CutAsync(node.Index);
        try
        {
            await Task.Delay(length, time, cancellation);
        }
        finally
        {
            await stage.Network.MendAsync(node.Index);
        }

        return node.Name;
    }

    private async Task<string> FillDiskAsync(ClusterNode node, Fault fault, CancellationToken cancellation)
    {
        await FetchAsync(node, $"{fault.Pick}-before");
        node.Disk!.FillUp();
        try
        {
            await FetchAsync(node, $"{fault.Pick}-full");
            await Task.Delay(fault.Length, time, cancellation);
        }
        finally
        {
            node.Disk!.Release();
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
        await stage.Store.KillAsync();
        await Task.Delay(length, time, cancellation);
        await stage.Store.StartAsync();
        return stage.Store.Kind;
    }

    private async Task<string> SetClockAsync(ClusterNode node, Fault fault, CancellationToken cancellation)
    {
        var shift = fault.Pick / 2 % 2 == 0 ? Jump : -Jump;
        node.Clock!.Set(shift);
        try
        {
            await Task.Delay(fault.Length, time, cancellation);
        }
        finally
        {
            node.Clock!.Set(TimeSpan.Zero);
        }

        return $"{node.Name}, {(shift > TimeSpan.Zero ? "ahead" : "behind")}";
    }
}
