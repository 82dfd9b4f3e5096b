using Akka.Actor;
using Akka.Cluster.Sharding;
using Danmaku.Actors.Storage;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using static Danmaku.Actors.Rooms.RoomProtocol;
using static Danmaku.Actors.Rooms.RoomSignals;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// One room on its origin, a cluster-sharded entity and the only writer of its room. It opens the room from the store, lets <see cref="Room"/> accept and
/// number posts, has the store commit them, then publishes and acknowledges them, and sends edges what they miss.
/// </summary>
public sealed class RoomActor : ReceiveActor, IWithTimers, IWithUnboundedStash
{
    private readonly RoomId _id;
    private readonly OriginContext _origin;
    private readonly RoomSlots.Slot? _slot;
    private readonly AttachedEdges _edges;
    private readonly OpeningQueue _opening;
    private OpenRoom? _open;

    public RoomActor(string id, OriginContext origin)
    {
        (_id, _origin) = (RoomId.Parse(id), origin);
        var self = Self;
        _slot = origin.Slots.TryTake(() => self.Tell(SlotLost.Instance, ActorRefs.NoSender));
        (_edges, _opening) = (new AttachedEdges(_slot, origin.Time), new OpeningQueue(origin.Time));

        if (_slot is not null)
        {
            origin.Metrics.OriginRoomOpened();
            Closed();
        }
        else
        {
            Receive<Stop>(_ => Context.Stop(Self));
            Receive<IRoomMessage>(RefuseRoom);
        }
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public IStash Stash { get; set; } = null!;

    protected override void PreStart()
    {
        if (_slot is not null)
        {
            Timers.StartPeriodicTimer(nameof(Sweep), Sweep.Instance, _origin.SweepEvery);
        }
    }

    protected override void PostStop()
    {
        if (_slot is not null)
        {
            _open?.Posts.GiveUp();
            _slot.Return();
            _origin.Metrics.OriginRoomClosed();
        }
    }

    /// <summary>A room that fails stops, and edges attach again: a restart would keep the reference and lose the edges unnoticed.</summary>
    protected override void PostRestart(Exception reason) => Context.Stop(Self);

    private OpenRoom Open => _open ?? throw new InvalidOperationException("The room is not open.");

    private long Epoch => Open.Room.Top.Epoch;

    private bool IsOfThisEpoch(GroupCommitWriter.Committed committed) => committed.Last.Epoch == Epoch;

    private bool IsOfThisEpoch(GroupCommitWriter.Fenced fenced) => fenced.Epoch == Epoch;

    // What a room understands, by how far it has come.

    /// <summary>Before the first message that needs the store.</summary>
    private void Closed()
    {
        Always();
        Receive<IRoomMessage>(OnFirst, OpeningQueue.Needs);
        Receive<IRoomMessage>(_ => { });
    }

    /// <summary>While the store opens the room.</summary>
    private void Opening()
    {
        Always();
        Receive<StoreOpened>(opened => OnOpened(opened.Opening));
        Receive<Status.Failure>(_ => OnStoreAway(isOpening: false));
        Receive<StoreSlow>(_ => OnStoreAway(isOpening: true));
        Receive<IRoomMessage>(StashUntilOpen);
    }

    /// <summary>While the store is unavailable: posts are refused, and edges keep asking.</summary>
    private void Away()
    {
        Always();
        Receive<StoreOpened>(opened => OnOpened(opened.Opening));
        Receive<Status.Failure>(_ => ReopenSoon());
        Receive<Reopen>(_ => AskStore());
        Receive<SubmitPost>(submit => Sender.Tell(OpeningQueue.RefuseAway(submit)));
        Receive<IRoomMessage>(_ => { });
    }

    private void Opened()
    {
        Always();
        Receive<IRoomMessage>(OpenAnew, IsFromLaterEpoch);
        Receive<SubmitPost>(EndEpochFor, _ => Open.Posts.IsEpochToEnd);
        Receive<SubmitPost>(OnSubmit);
        Receive<AttachEdge>(OnAttach);
        Receive<EdgeViewers>(viewers => OnViewers(viewers.Viewers));
        Receive<DetachEdge>(_ => Forget(Sender));
        Receive<FetchRange>(fetch => Open.Reads.Answer(PageQuestion.Of(fetch, Sender)));
        Receive<ReadHistory>(read => Open.Reads.Answer(PageQuestion.Of(read, Sender)));
        Receive<StoreRead>(read => Open.Reads.OnStoreRead(read));
        Receive<GroupCommitWriter.Committed>(OnCommitted, IsOfThisEpoch);
        Receive<GroupCommitWriter.Fenced>(_ => OnFenced(), IsOfThisEpoch);
        Receive<Overdue>(_ => OnOverdue());
        Receive<Announce>(_ => Open.Head.OnAnnounce());
    }

    /// <summary>While the room moves: accepted danmaku are still committed, and new posts are not accepted.</summary>
    private void Stopping()
    {
        Receive<GroupCommitWriter.Committed>(OnLastCommitted, IsOfThisEpoch);
        Receive<GroupCommitWriter.Fenced>(_ => Context.Stop(Self), IsOfThisEpoch);
        Receive<Overdue>(_ => Context.Stop(Self));
        Receive<SubmitPost>(submit => Sender.Tell(submit.Unknown()));
        ReceiveAny(_ => { });
    }

    private void Always()
    {
        Receive<Stop>(_ => Context.Stop(Self), _ => _open is null);
        Receive<Stop>(_ => OnStop());
        Receive<Sweep>(_ => OnSweep());
        Receive<EdgeGone>(gone => Forget(gone.Edge));
        Receive<SlotLost>(_ => AskToStop(), _ => _slot!.IsLost);
    }

    // Opening.

    private void OnFirst(IRoomMessage message)
    {
        StashUntilOpen(message);
        BeginOpening();
    }

    private void StashUntilOpen(IRoomMessage message)
    {
        if (message is AttachEdge)
        {
            _edges.Expect();
        }

        if (_opening.TryAdd(message))
        {
            Stash.Stash();
        }
        else if (message is SubmitPost submit)
        {
            Sender.Tell(OpeningQueue.RefuseAway(submit));
        }
    }

    private void BeginOpening()
    {
        Become(Opening);
        AskStore();
        Timers.StartSingleTimer(nameof(StoreSlow), StoreSlow.Instance, _origin.Limits.StoreTimeout);
    }

    private void AskStore() =>
        _origin.Store.OpenAsync(_id, _opening.KnownEpoch, _origin.Limits).PipeTo(Self, success: opening => new StoreOpened(opening));

    private void OnStoreAway(bool isOpening)
    {
        Timers.Cancel(nameof(StoreSlow));
        Become(Away);
        Unstash();
        if (!isOpening)
        {
            ReopenSoon();
        }
    }

    private void ReopenSoon() => Timers.StartSingleTimer(nameof(Reopen), Reopen.Instance, OpeningQueue.ReopenAfter);

    private void OnOpened(RoomOpening opening)
    {
        Timers.Cancel(nameof(StoreSlow));
        var room = new Room(opening, _origin.Limits, _origin.Time);
        _open = new OpenRoom(
            room,
            new RoomPosts(_id, room, _origin, Self),
            new PageReads(_id, room, _edges, _origin, Self),
            new HeadAnnouncements(_id, room, _edges, _origin, Timers));
        _opening.Opened();
        Become(Opened);
        Unstash();
        Open.Head.StayActive();
    }

    private void Unstash()
    {
        _opening.Clear();
        Stash.UnstashAll();
    }

    /// <summary>
    /// Whether an edge knows a later epoch: this one was opened by a clock that is behind, or by one of two owners. Then a new one
    /// begins, so that epochs never go backwards.
    /// </summary>
    private bool IsFromLaterEpoch(IRoomMessage message) => OpeningQueue.EpochIn(message) > Epoch;

    private void OpenAnew(IRoomMessage message)
    {
        Close();
        StashUntilOpen(message);
        BeginOpening();
    }

    private void Close()
    {
        _opening.Learn(Epoch);
        Open.Posts.GiveUp();
        Open.Head.End();
        _open = null;
        Timers.Cancel(nameof(Overdue));
    }

    // Edges.

    private void OnAttach(AttachEdge attach)
    {
        OnViewers(attach.Viewers);
        Open.Reads.Answer(PageQuestion.Of(attach, Sender));
    }

    private void OnViewers(int viewers)
    {
        if (_edges.TryCount(Sender, viewers, out var hasChanged))
        {
            Context.WatchWith(Sender, new EdgeGone(Sender));
            if (hasChanged)
            {
                Open.Head.StayActive();
            }
        }
    }

    private void Forget(IActorRef edge)
    {
        Context.Unwatch(edge);
        _edges.Remove(edge);
        _open?.Head.StayActive();
    }

    // Posts.

    private void OnSubmit(SubmitPost submit)
    {
        if (Open.Posts.TryAccept(submit, Sender))
        {
            _edges.Visited();
            Settle();
        }
    }

    private void EndEpochFor(SubmitPost submit)
    {
        StashUntilOpen(submit);
        EndOrGoOn();
    }

    private void EndOrGoOn()
    {
        if (Open.Room.Unsaved == 0)
        {
            Close();
            BeginOpening();
        }
        else if (Open.Room.IsAheadOfStore)
        {
            Unstash();
        }
    }

    private void OnCommitted(GroupCommitWriter.Committed committed)
    {
        Open.Posts.Saved(committed.Last.Offset);
        Settle();
    }

    private void OnLastCommitted(GroupCommitWriter.Committed committed)
    {
        OnCommitted(committed);
        StopWhenSaved();
    }

    /// <summary>Another owner has the room. Danmaku that nobody has seen were not stored: their authors send them again.</summary>
    private void OnFenced()
    {
        _origin.Metrics.RoomFenced();
        Close();
        if (_opening.MayOpenAtOnce)
        {
            BeginOpening();
        }
        else
        {
            Become(Away);
            ReopenSoon();
        }
    }

    private void OnOverdue()
    {
        Open.Posts.GoAheadWhenOverdue();
        Settle();
    }

    private void Settle()
    {
        if (Open.Posts.Settle())
        {
            Open.Head.StayActive();
        }

        if (Open.Room.OverdueIn is { } overdue && !Timers.IsTimerActive(nameof(Overdue)))
        {
            Timers.StartSingleTimer(nameof(Overdue), Overdue.Instance, overdue);
        }

        if (!_opening.IsEmpty)
        {
            EndOrGoOn();
        }
    }

    // Coming and going.

    private void RefuseRoom(IRoomMessage message)
    {
        Sender.Tell(message is SubmitPost submit ? OpeningQueue.RefuseFull(submit) : new RoomRefused(_id));
        AskToStop();
    }

    private void OnSweep()
    {
        foreach (var edge in _edges.Expired())
        {
            Forget(edge);
        }

        if (_edges.HasBeenIdleFor(_origin.IdleAfter) && _open is not { Room.Unsaved: > 0 })
        {
            AskToStop();
        }
    }

    /// <summary>Asks for a <see cref="Stop"/>. Edges that attach meanwhile open the room again.</summary>
    private static void AskToStop() => Context.Parent.Tell(new Passivate(Stop.Instance));

    private void OnStop()
    {
        Become(Stopping);
        Unstash();
        StopWhenSaved();
    }

    private void StopWhenSaved()
    {
        if (Open.Room.Unsaved == 0)
        {
            Context.Stop(Self);
        }
        else
        {
            // Also when it has gone ahead of the store long ago: one more chance, and no longer.
            Timers.StartSingleTimer(nameof(Overdue), Overdue.Instance, _origin.Limits.StoreTimeout);
        }
    }

    /// <summary>Ends a room: when it has been without edges, and when its shard moves to another origin.</summary>
    public sealed record Stop : IWireMessage
    {
        public static readonly Stop Instance = new();
    }

    /// <summary>What there is of a room while it is open.</summary>
    private sealed record OpenRoom(Room Room, RoomPosts Posts, PageReads Reads, HeadAnnouncements Head);
}
