using Akka.Actor;
using Akka.Cluster.Tools.PublishSubscribe;
using Danmaku.Core.Rooms;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Replication;

/// <summary>
/// Receives replication at an edge: subscribes to all partitions at start, passes slices and heads to rooms that have viewers here, and drops the
/// rest.
/// </summary>
public sealed class ReplicationIngress : ReceiveActor
{
    private readonly Dictionary<RoomId, IActorRef> _rooms = [];
    private readonly IngressState _state;

    public ReplicationIngress(IngressState state)
    {
        _state = state;

        Receive<ReplicationBatch>(OnBatch);
        Receive<RoomOpened>(opened => _rooms[opened.Room] = opened.Actor);
        Receive<RoomClosed>(OnClosed);
        Receive<SubscribeAck>(_ => _state.Subscribed());
    }

    protected override void PreStart()
    {
        _state.Reset();
        var mediator = DistributedPubSub.Get(Context.System).Mediator;
        for (var partition = 0; partition < ReplicationPublisher.Partitions; partition++)
        {
            mediator.Tell(new Subscribe(ReplicationPublisher.Topic(partition), Self));
        }
    }

    private void OnBatch(ReplicationBatch batch)
    {
        foreach (var slice in batch.Slices)
        {
            if (_rooms.TryGetValue(slice.Room, out var room))
            {
                room.Tell(slice);
            }
        }

        foreach (var note in batch.Heads)
        {
            if (_rooms.TryGetValue(note.Room, out var room))
            {
                room.Tell(note);
            }
        }
    }

    private void OnClosed(RoomClosed closed)
    {
        // The room may have been opened anew before the old one's end is heard of.
        if (_rooms.TryGetValue(closed.Room, out var actor) && actor.Equals(closed.Actor))
        {
            _rooms.Remove(closed.Room);
        }
    }

    /// <summary>From a room that has viewers from now on. No answer.</summary>
    public sealed record RoomOpened(RoomId Room, IActorRef Actor) : INoSerializationVerificationNeeded;

    /// <summary>From a room that has no viewers any more. No answer.</summary>
    public sealed record RoomClosed(RoomId Room, IActorRef Actor) : INoSerializationVerificationNeeded;
}

/// <summary>Whether an edge is subscribed to all partitions, for readiness. Thread-safe.</summary>
public sealed class IngressState
{
    private int _subscribed;

    public bool IsComplete => Volatile.Read(ref _subscribed) >= ReplicationPublisher.Partitions;

    internal void Reset() => Volatile.Write(ref _subscribed, 0);

    internal void Subscribed() => Interlocked.Increment(ref _subscribed);
}
