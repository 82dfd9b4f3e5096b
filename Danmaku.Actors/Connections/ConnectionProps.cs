using Akka.Actor;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Connections;

/// <summary>
/// Of a <see cref="ConnectionActor"/>: what <see cref="Props.WithMailbox"/> and <see cref="Props.WithDispatcher"/> would give, which read an empty
/// configuration each time.
/// </summary>
internal sealed class ConnectionProps : Props
{
    private static readonly Deploy Shared = Deploy.None.WithMailbox(SmallMailbox.Path).WithDispatcher(ConnectionDispatcher.Path);

    public ConnectionProps(RoomId room, SharedRoomState shared, JoinRequest request, Viewer viewer, IOutbox outbox, EdgeContext edge)
        : base(CreateBy(new Producer(room, shared, request, viewer, outbox, edge))) => Deploy = Shared;

    /// <summary>Makes the actor without reflection.</summary>
    private sealed class Producer(RoomId room, SharedRoomState shared, JoinRequest request, Viewer viewer, IOutbox outbox, EdgeContext edge)
        : IIndirectActorProducer
    {
        public Type ActorType => typeof(ConnectionActor);

        public ActorBase Produce() => new ConnectionActor(room, shared, request, viewer, outbox, edge);

        public void Release(ActorBase actor)
        {
        }
    }
}
