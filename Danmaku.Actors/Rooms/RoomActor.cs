using Akka.Actor;
using Akka.Cluster.Sharding;
using Danmaku.Actors.Replication;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// One room on its origin, a cluster-sharded entity: lets <see cref="Room"/> decide and number, publishes what was accepted, and tells
/// edges what they miss. The only writer of its room.
/// </summary>
public sealed class RoomActor : ReceiveActor, IWithTimers
{
    private readonly RoomId _id;
    private readonly OriginContext _origin;
    private readonly Dictionary<IActorRef, Edge> _edges = [];
    private readonly bool _isOpen;
    private Room? _room;
    private long _unwatchedSince;
    private long _activeAt;

    public RoomActor(string id, OriginContext origin)
    {
        (_id, _origin) = (RoomId.Parse(id), origin);
        _unwatchedSince = origin.Time.GetTimestamp();
        _isOpen = origin.Slots.TryTake();

        if (_isOpen)
        {
            origin.Metrics.OriginRoomOpened();
            Receive<AttachEdge>(OnAttach);
            Receive<EdgeViewers>(viewers => Count(Sender, viewers.Viewers));
            Receive<DetachEdge>(_ => Forget(Sender));
            Receive<FetchRange>(OnFetch);
            Receive<SubmitPost>(OnSubmit);
            Receive<EdgeGone>(gone => Forget(gone.Edge));
            Receive<Announce>(_ => OnAnnounce());
            Receive<Sweep>(_ => OnSweep());
        }
        else
        {
            Receive<IRoomMessage>(Refuse);
        }

        Receive<Stop>(_ => Context.Stop(Self));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How long an edge or a client waits before it asks an origin again that was full.</summary>
    private static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(5);

    /// <summary>Edges say every 30 s that they are there; one that did not for this long is gone.</summary>
    private static readonly TimeSpan EdgeExpiry = TimeSpan.FromSeconds(95);

    /// <summary>How long after the last change a room goes on announcing its head.</summary>
    private static readonly TimeSpan Active = TimeSpan.FromSeconds(10);

    protected override void PreStart()
    {
        if (_isOpen)
        {
            Timers.StartPeriodicTimer(nameof(Sweep), Sweep.Instance, Min(TimeSpan.FromSeconds(30), _origin.IdleAfter));
        }
    }

    protected override void PostStop()
    {
        if (_isOpen)
        {
            _origin.Slots.Return();
            _origin.Metrics.OriginRoomClosed();
        }
    }

    /// <summary>A restart would keep the reference and lose the edges without their noticing: it stops, and they attach again.</summary>
    protected override void PostRestart(Exception reason) => Context.Stop(Self);

    private void OnAttach(AttachEdge attach)
    {
        var room = Open(attach.Have.Epoch);
        Context.WatchWith(Sender, new EdgeGone(Sender));
        Count(Sender, attach.Viewers);
        Answer(attach.Have, room.Recent(attach.Have));
    }

    private void OnFetch(FetchRange fetch)
    {
        var room = Open(fetch.Range.Epoch);
        if (_edges.TryGetValue(Sender, out var edge))
        {
            _edges[Sender] = edge with { SeenAt = _origin.Time.GetTimestamp() };
        }

        Answer(fetch.Range.Have, room.Read(fetch.Range.Epoch, fetch.Range.From, fetch.Range.Through));
    }

    private void OnSubmit(SubmitPost submit)
    {
        var room = Open(submit.KnownEpoch);
        switch (room.Post(submit.Post))
        {
            case PostResult.Accepted accepted:
                _origin.Metrics.PostAccepted();
                _unwatchedSince = _origin.Time.GetTimestamp();
                _origin.Replicator.Publish(Slice.Encode(_id, new Batch(accepted.Position.Epoch, room.Previous, [accepted.Comment])));
                Sender.Tell(new PostAnswer(_id, submit.Post.Id, accepted.Position, null, null));
                StayActive();
                break;
            case PostResult.Repeated repeated:
                Sender.Tell(new PostAnswer(_id, submit.Post.Id, repeated.Position, null, null));
                break;
            case PostResult.Rejected rejected:
                Sender.Tell(Refusal(submit.Post.Id, rejected.Reason, rejected.RetryAfter));
                break;
        }
    }

    /// <summary>
    /// The room, opened if this is the first that is heard of it. When somebody knows a later epoch, this one was opened by a clock
    /// that is behind: a new one begins, so that epochs never run backwards.
    /// </summary>
    private Room Open(long knownEpoch) =>
        _room is { } room && room.Top.Epoch >= knownEpoch
            ? room
            : _room = new Room(Epochs.Next(knownEpoch, _origin.Time), Position.None, _origin.Limits, _origin.Time);

    private void Answer(Position have, RangeResult result)
    {
        Sender.Tell(result switch
        {
            RangeResult.Found found => new Attached(_id, _room!.Head, Viewers, Encode(found.Page)),
            RangeResult.Gone gone => new RangeGone(_id, have, gone.Head, Viewers, Encode(gone.Newest)),
            _ => throw new InvalidOperationException($"{result} is not foreseen"),
        });
    }

    private Slice[] Encode(IReadOnlyList<Batch> batches) => [.. batches.Select(batch => Slice.Encode(_id, batch))];

    private PostAnswer Refusal(PostId id, RejectReason reason, TimeSpan? retryAfter) => new(_id, id, Position.None, reason, retryAfter);

    private void Refuse(IRoomMessage message)
    {
        Sender.Tell(message is SubmitPost submit
            ? Refusal(submit.Post.Id, RejectReason.RoomLimit, RetryWhenFull)
            : new RoomRefused(_id));
        Context.Parent.Tell(new Passivate(Stop.Instance));
    }

    private long Viewers => _edges.Values.Sum(edge => (long)edge.Viewers);

    private void Count(IActorRef edge, int viewers)
    {
        var hasChanged = !_edges.TryGetValue(edge, out var known) || known.Viewers != viewers;
        _edges[edge] = new Edge(viewers, _origin.Time.GetTimestamp());
        if (hasChanged)
        {
            StayActive();
        }
    }

    private void Forget(IActorRef edge)
    {
        Context.Unwatch(edge);
        if (_edges.Remove(edge) && _edges.Count == 0)
        {
            _unwatchedSince = _origin.Time.GetTimestamp();
        }

        StayActive();
    }

    private void StayActive()
    {
        _activeAt = _origin.Time.GetTimestamp();
        if (!Timers.IsTimerActive(nameof(Announce)))
        {
            Timers.StartPeriodicTimer(nameof(Announce), Announce.Instance, TimeSpan.FromSeconds(1));
        }
    }

    private void OnAnnounce()
    {
        if (_room is { } room)
        {
            _origin.Replicator.Publish(new HeadNote(_id, room.Head, Viewers));
        }

        if (_origin.Time.GetElapsedTime(_activeAt) > Active)
        {
            Timers.Cancel(nameof(Announce));
        }
    }

    private void OnSweep()
    {
        foreach (var (edge, _) in _edges.Where(edge => _origin.Time.GetElapsedTime(edge.Value.SeenAt) > EdgeExpiry).ToArray())
        {
            Forget(edge);
        }

        if (_edges.Count == 0 && _origin.Time.GetElapsedTime(_unwatchedSince) >= _origin.IdleAfter)
        {
            Context.Parent.Tell(new Passivate(Stop.Instance));
        }
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>Ends a room: when it has been without edges, and when its shard moves to another origin.</summary>
    public sealed record Stop : IWireMessage
    {
        public static readonly Stop Instance = new();
    }

    private readonly record struct Edge(int Viewers, long SeenAt);

    private sealed record EdgeGone(IActorRef Edge) : INoSerializationVerificationNeeded;

    /// <summary>Publish the head, so that edges notice a missing end.</summary>
    public sealed record Announce : INoSerializationVerificationNeeded
    {
        public static readonly Announce Instance = new();
    }

    /// <summary>Look for edges that are gone, and for the end of an unwatched room.</summary>
    public sealed record Sweep : INoSerializationVerificationNeeded
    {
        public static readonly Sweep Instance = new();
    }
}

/// <summary>What all rooms of one origin share.</summary>
/// <param name="IdleAfter">A room without edges for this long stops.</param>
public sealed record OriginContext(
    RoomLimits Limits, TimeSpan IdleAfter, RoomSlots Slots, Replicator Replicator, DanmakuMetrics Metrics, TimeProvider Time);

/// <summary>Bounds the rooms that are open on one origin. Thread-safe.</summary>
public sealed class RoomSlots(int max)
{
    private int _taken;

    public bool TryTake()
    {
        if (Interlocked.Increment(ref _taken) <= max)
        {
            return true;
        }

        Interlocked.Decrement(ref _taken);
        return false;
    }

    public void Return() => Interlocked.Decrement(ref _taken);
}
