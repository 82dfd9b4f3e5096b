using Akka.Actor;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// The rooms of one edge, as <c>/user/rooms</c>. It opens a room for its first viewer, and closes it when it has been empty for a while, or when another room
/// needs its place.
/// </summary>
public sealed class EdgeRoomManager : ReceiveActor
{
    private readonly EdgeContext _edge;
    private readonly int _maxRooms;
    private readonly Dictionary<RoomId, Life> _rooms = [];

    /// <summary>Rooms without viewers; the one that has been empty longest comes first.</summary>
    private readonly LinkedList<RoomId> _spare = new();

    private long _opened;

    /// <param name="maxRooms">Most rooms open at a time. If all of them have viewers, viewers of another room are turned away.</param>
    public EdgeRoomManager(EdgeContext edge, int maxRooms)
    {
        (_edge, _maxRooms) = (edge, maxRooms);

        Receive<Open>(OnOpen);
        Receive<Join>(OnJoin);
        Receive<Spare>(OnSpare);
        Receive<Empty>(OnEmpty);
        Receive<RoomGone>(gone => Remove(gone.Room, gone.Actor));
    }

    /// <summary>A room that fails stops. Its viewers are closed with 1011, and come back to a new one.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    private void OnOpen(Open open)
    {
        if (Find(open.Room) is { } room)
        {
            room.Forward(open);
        }
        else
        {
            Sender.Tell(new Opened(null));
        }
    }

    private void OnJoin(Join join)
    {
        if (Find(join.Request.Room) is { } room)
        {
            room.Forward(join);
        }
        else
        {
            join.Outbox.Close(CloseReason.TooManyRooms);
            join.Answer.TrySetResult(null);
        }
    }

    /// <summary>Finds or opens the room for one visit, which is counted; null when there is no place for the room.</summary>
    private IActorRef? Find(RoomId id)
    {
        if (!_rooms.TryGetValue(id, out var room))
        {
            if (_rooms.Count >= _maxRooms && !TryMakePlace())
            {
                return null;
            }

            // A name is free again only when its actor has terminated, so each life of a room has its own.
            var actor = Context.ActorOf(Props.Create<EdgeRoomActor>(id, _edge), $"{id}.{++_opened}");
            Context.WatchWith(actor, new RoomGone(id, actor));
            _rooms[id] = room = new Life(actor);
        }

        room.Visits++;
        NoSpare(room);
        return room.Actor;
    }

    private void OnSpare(Spare spare)
    {
        if (_rooms.TryGetValue(spare.Room, out var room) && room.Actor.Equals(Sender) && room.Visits == spare.Visits)
        {
            room.Spare ??= _spare.AddLast(spare.Room);
        }
    }

    private void NoSpare(Life room)
    {
        if (room.Spare is { } spare)
        {
            _spare.Remove(spare);
            room.Spare = null;
        }
    }

    /// <summary>Closes an empty room to make place.</summary>
    private bool TryMakePlace()
    {
        if (_spare.First is not { } longest)
        {
            return false;
        }

        _rooms.Remove(longest.Value, out var room);
        NoSpare(room!);
        Context.Stop(room!.Actor);
        return true;
    }

    /// <summary>Stops an empty room, unless a visit is on its way to it.</summary>
    private void OnEmpty(Empty empty)
    {
        if (_rooms.TryGetValue(empty.Room, out var room) && room.Actor.Equals(Sender) && room.Visits == empty.Visits)
        {
            _rooms.Remove(empty.Room);
            NoSpare(room);
            Context.Stop(Sender);
        }
    }

    private void Remove(RoomId id, IActorRef actor)
    {
        if (_rooms.TryGetValue(id, out var room) && room.Actor.Equals(actor))
        {
            _rooms.Remove(id);
            NoSpare(room);
        }
    }

    /// <summary>
    /// A client is about to join. The answer is <see cref="Opened"/>, when the room's head is known or there is no place for the room. Safe to
    /// repeat.
    /// </summary>
    public sealed record Open(RoomId Room) : INoSerializationVerificationNeeded;

    /// <param name="Top">The room's head; null when it is not known.</param>
    public sealed record Opened(Position? Top) : INoSerializationVerificationNeeded;

    /// <summary>A viewer's socket is open. Answered through <see cref="Answer"/>; not safe to repeat.</summary>
    public sealed record Join(JoinRequest Request, IOutbox Outbox) : INoSerializationVerificationNeeded
    {
        /// <summary>
        /// Gets the viewer's <see cref="Connections.ConnectionActor"/>; null when there was no place, and then the outbox is closed. A caller that gives up
        /// cancels it, and the viewer leaves.
        /// </summary>
        public TaskCompletionSource<IActorRef?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>From a room: it has no viewers and no handshake that waits.</summary>
    /// <param name="Visits">How many <see cref="Open"/> and <see cref="Join"/> it has ever been given.</param>
    public sealed record Spare(RoomId Room, long Visits) : INoSerializationVerificationNeeded;

    /// <summary>From a room: it has been without viewers for a while.</summary>
    /// <param name="Visits">How many <see cref="Open"/> and <see cref="Join"/> it has ever been given.</param>
    public sealed record Empty(RoomId Room, long Visits) : INoSerializationVerificationNeeded;

    private sealed record RoomGone(RoomId Room, IActorRef Actor) : INoSerializationVerificationNeeded;

    private sealed class Life(IActorRef actor)
    {
        public IActorRef Actor => actor;

        public long Visits { get; set; }

        /// <summary>Its place among those without viewers.</summary>
        public LinkedListNode<RoomId>? Spare { get; set; }
    }
}
