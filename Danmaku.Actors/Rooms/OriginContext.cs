using Danmaku.Actors.Clocks;
using Danmaku.Actors.Cluster;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Storage;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;

namespace Danmaku.Actors.Rooms;

/// <summary>What all rooms of one origin share.</summary>
/// <param name="IdleAfter">A room without edges for this long stops.</param>
/// <param name="Unsaved">
/// Bounds the danmaku that wait for the store, about 300 bytes each; when it is full, posts are refused. Each room has its own bound too.
/// </param>
public sealed record OriginContext(
    RoomLimits Limits,
    TimeSpan IdleAfter,
    RoomSlots Slots,
    SharedBudget Unsaved,
    OriginStore Store,
    NodeClock Clock,
    ReplicationPublisher Publisher,
    DanmakuMetrics Metrics,
    TimeProvider Time)
{
    /// <summary>Whether edges read who said something, and recalls.</summary>
    public WireLevel Wire { get; init; } = new();

    /// <summary>Called when the store has erased something of a room: what edges have cached of its history is out of date.</summary>
    public Action<RoomId> Withdrawn { get; init; } = _ => { };

    /// <summary>How often a room looks for edges that are gone, and whether it has been idle for long enough.</summary>
    public TimeSpan SweepEvery => IdleAfter < TimeSpan.FromSeconds(30) ? IdleAfter : TimeSpan.FromSeconds(30);
}
