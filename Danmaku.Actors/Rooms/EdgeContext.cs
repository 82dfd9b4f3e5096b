using Akka.Actor;
using Danmaku.Actors.Posts;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;

namespace Danmaku.Actors.Rooms;

/// <summary>What all rooms of one edge share.</summary>
/// <param name="Node">The edge's name, shown to viewers.</param>
/// <param name="Origins">The shard region, or its proxy.</param>
/// <param name="Forwarder"><see cref="PostForwarder"/>.</param>
/// <param name="PendingPosts">Bounds the unanswered posts of all connections; when it is full, posts are refused.</param>
/// <param name="FanOut">How much time fan-outs take in all rooms, and how long rooms wait because of that.</param>
/// <param name="KeepEmptyFor">How long a room without viewers keeps its place and history.</param>
/// <param name="Random">0 to 1, for jitter. Thread-safe.</param>
public sealed record EdgeContext(
    string Node,
    IActorRef Origins,
    IActorRef Forwarder,
    IActorRef Ingress,
    RoomLimits RoomLimits,
    ViewerLimits ViewerLimits,
    SharedBudget PendingPosts,
    FanOutLoad FanOut,
    TimeSpan Heartbeat,
    TimeSpan KeepEmptyFor,
    DanmakuMetrics Metrics,
    TimeProvider Time,
    Func<double> Random)
{
    public PostTickets Tickets { get; } = new();
}
