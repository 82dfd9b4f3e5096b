using Akka.Actor;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Rooms;

/// <summary>The rooms of one edge, <c>/user/rooms</c>: opens one for its first viewer, and lets it go when it has been empty.</summary>
public sealed class EdgeRooms : ReceiveActor
{
    private readonly EdgeContext _edge;
    private readonly int _maxRooms;
    private readonly Dictionary<RoomId, Open> _rooms = [];
    private long _opened;

    /// <param name="maxRooms">Most rooms open at a time; viewers of one more are turned away.</param>
    public EdgeRooms(EdgeContext edge, int maxRooms)
    {
        (_edge, _maxRooms) = (edge, maxRooms);

        Receive<Join>(OnJoin);
        Receive<Empty>(OnEmpty);
        Receive<RoomGone>(gone => Remove(gone.Room, gone.Actor));
    }

    /// <summary>A room in trouble stops: its viewers are closed with 1011 and come back to a new one.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    private void OnJoin(Join join)
    {
        var id = join.Request.Room;
        if (!_rooms.TryGetValue(id, out var room))
        {
            if (_rooms.Count >= _maxRooms)
            {
                join.Outbox.Close(CloseReason.TooManyRooms);
                Sender.Tell(new Joined(null));
                return;
            }

            // A name is free again only when its actor has terminated, so each life of a room has its own.
            var actor = Context.ActorOf(Props.Create<EdgeRoomActor>(id, _edge), $"{id}.{++_opened}");
            Context.WatchWith(actor, new RoomGone(id, actor));
            _rooms[id] = room = new Open(actor);
        }

        room.Joins++;
        room.Actor.Forward(join);
    }

    /// <summary>Stops an empty room, unless a viewer is on its way to it.</summary>
    private void OnEmpty(Empty empty)
    {
        if (_rooms.TryGetValue(empty.Room, out var room) && room.Actor.Equals(Sender) && room.Joins == empty.Joins)
        {
            _rooms.Remove(empty.Room);
            Context.Stop(Sender);
        }
    }

    private void Remove(RoomId id, IActorRef actor)
    {
        if (_rooms.TryGetValue(id, out var room) && room.Actor.Equals(actor))
        {
            _rooms.Remove(id);
        }
    }

    /// <summary>A viewer's socket is open. Answered with <see cref="Joined"/>; not safe to repeat.</summary>
    public sealed record Join(JoinRequest Request, IOutbox Outbox) : INoSerializationVerificationNeeded;

    /// <param name="Viewer">The viewer's <see cref="Connections.ConnectionActor"/>; null when there was no place, and the outbox is closed.</param>
    public sealed record Joined(IActorRef? Viewer) : INoSerializationVerificationNeeded;

    /// <summary>From a room: it has been without viewers for a while.</summary>
    /// <param name="Joins">How many viewers it has ever been given.</param>
    public sealed record Empty(RoomId Room, long Joins) : INoSerializationVerificationNeeded;

    private sealed record RoomGone(RoomId Room, IActorRef Actor) : INoSerializationVerificationNeeded;

    private sealed class Open(IActorRef actor)
    {
        public IActorRef Actor => actor;

        public long Joins { get; set; }
    }
}
