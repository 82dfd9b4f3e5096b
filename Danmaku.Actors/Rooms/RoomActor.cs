using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Event;
using Danmaku.Actors.Clocks;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Storage;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// One room on its origin, a cluster-sharded entity and the only writer of its room. It opens the room from the store, lets <see cref="Room"/> accept and
/// number posts, has the store commit them, then publishes and acknowledges them, and sends edges what they miss.
/// </summary>
public sealed class RoomActor : ReceiveActor, IWithTimers, IWithUnboundedStash
{
    private readonly RoomId _id;
    private readonly OriginContext _origin;
    private readonly AttachedEdges _edges;
    private readonly PendingAcks _waiters;
    private readonly HashSet<Asker> _reading = [];
    private readonly RoomSlots.Slot? _slot;
    private Room? _room;
    private long _knownEpoch;
    private bool _isAppending;
    private int _counted;
    private int _stashed;
    private long _openedAt;
    private long _unwatchedSince;
    private long _activeAt;

    public RoomActor(string id, OriginContext origin)
    {
        (_id, _origin) = (RoomId.Parse(id), origin);
        (_edges, _waiters) = (new AttachedEdges(origin.Time), new PendingAcks());
        _unwatchedSince = origin.Time.GetTimestamp();
        var self = Self;
        _slot = origin.Slots.TryTake(() => self.Tell(SlotLost.Instance, ActorRefs.NoSender));

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

    /// <summary>How long an edge or a client waits before it asks a full origin again.</summary>
    private static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(5);

    /// <summary>How long a client waits with a post for a room whose store is away.</summary>
    private static readonly TimeSpan RetryWhenAway = TimeSpan.FromSeconds(1);

    /// <summary>How long a room waits before it tries again to open.</summary>
    private static readonly TimeSpan ReopenAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>How long after the last change a room goes on announcing its head.</summary>
    private static readonly TimeSpan Active = TimeSpan.FromSeconds(10);

    /// <summary>Most messages that wait while the room opens. Edges repeat what is dropped; posts beyond it are refused.</summary>
    private const int MaxStashed = 4096;

    /// <summary>Most pages that wait for the store. Edges ask again for what is dropped.</summary>
    private const int MaxReading = 1024;

    protected override void PreStart()
    {
        if (_slot is not null)
        {
            Timers.StartPeriodicTimer(nameof(Sweep), Sweep.Instance, Min(TimeSpan.FromSeconds(30), _origin.IdleAfter));
        }
    }

    protected override void PostStop()
    {
        if (_slot is not null)
        {
            _waiters.GiveUp();
            CountUnsaved(0);
            _slot.Return();
            _origin.Metrics.OriginRoomClosed();
        }
    }

    /// <summary>A room that fails stops, and edges attach again: a restart would keep the reference and lose the edges unnoticed.</summary>
    protected override void PostRestart(Exception reason) => Context.Stop(Self);

    private Room Room => _room ?? throw new InvalidOperationException("The room is not open.");

    // What a room understands, by how far it has come.

    /// <summary>Before the first message that needs the store.</summary>
    private void Closed()
    {
        Always();
        Receive<IRoomMessage>(message =>
        {
            if (message is AttachEdge or FetchRange or ReadHistory or SubmitPost)
            {
                StashUntilOpen(message);
                BeginOpening();
            }
        });
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
        Receive<SubmitPost>(RefuseUnseen);
        Receive<IRoomMessage>(_ => { });
    }

    private void Opened()
    {
        Always();
        Receive<AttachEdge>(OnAttach);
        Receive<EdgeViewers>(viewers => OnViewers(viewers.Viewers));
        Receive<DetachEdge>(_ => Forget(Sender));
        Receive<FetchRange>(fetch => OnRead(fetch, fetch.Range.Have, fetch.Range.Through));
        Receive<ReadHistory>(read => OnRead(read, read.After, Position.MaxInteger));
        Receive<StoreRead>(OnStoreRead);
        Receive<SubmitPost>(OnSubmit);
        Receive<GroupCommitWriter.Committed>(OnCommitted);
        Receive<GroupCommitWriter.Fenced>(OnFenced);
        Receive<Overdue>(_ => OnOverdue());
        Receive<Announce>(_ => OnAnnounce());
    }

    /// <summary>While the room moves: accepted danmaku are still committed, and new posts are not accepted.</summary>
    private void Stopping()
    {
        Receive<GroupCommitWriter.Committed>(committed =>
        {
            OnCommitted(committed);
            StopWhenSaved();
        });
        Receive<GroupCommitWriter.Fenced>(_ => Context.Stop(Self), fenced => fenced.Epoch == Room.Top.Epoch);
        Receive<Overdue>(_ => Context.Stop(Self));
        Receive<SubmitPost>(submit => Sender.Tell(submit.Unknown()));
        ReceiveAny(_ => { });
    }

    private void Always()
    {
        Receive<Stop>(_ => OnStop());
        Receive<Sweep>(_ => OnSweep());
        Receive<EdgeGone>(gone => Forget(gone.Edge));
        Receive<SlotLost>(_ => OnSlotLost());
    }

    // Opening.

    private void StashUntilOpen(IRoomMessage message)
    {
        if (message is AttachEdge)
        {
            _slot!.Watch();
        }

        if (_stashed < MaxStashed)
        {
            _stashed++;
            Stash.Stash();
        }
        else if (message is SubmitPost submit)
        {
            RefuseUnseen(submit);
        }

        _knownEpoch = Math.Max(_knownEpoch, EpochIn(message));
    }

    private void BeginOpening()
    {
        Become(Opening);
        AskStore();
        Timers.StartSingleTimer(nameof(StoreSlow), StoreSlow.Instance, _origin.Limits.StoreTimeout);
    }

    private void AskStore() =>
        _origin.Store.OpenAsync(_id, _knownEpoch, _origin.Limits).PipeTo(Self, success: opening => new StoreOpened(opening));

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

    private void ReopenSoon() => Timers.StartSingleTimer(nameof(Reopen), Reopen.Instance, ReopenAfter);

    private void OnOpened(RoomOpening opening)
    {
        Timers.Cancel(nameof(StoreSlow));
        _room = new Room(opening, _origin.Limits, _origin.Time);
        _openedAt = _origin.Time.GetTimestamp();
        Become(Opened);
        Unstash();
        StayActive();
    }

    private void Unstash()
    {
        _stashed = 0;
        Stash.UnstashAll();
    }

    /// <summary>
    /// Whether an edge knows a later epoch: this one was opened by a clock that is behind, or by one of two owners. Then a new one
    /// begins, so that epochs never go backwards.
    /// </summary>
    private bool IsOutdated(IRoomMessage message)
    {
        if (EpochIn(message) is var known && known <= Room.Top.Epoch)
        {
            return false;
        }

        Close();
        StashUntilOpen(message);
        BeginOpening();
        return true;
    }

    private void Close()
    {
        _knownEpoch = Math.Max(_knownEpoch, Room.Top.Epoch);
        _room = null;
        _isAppending = false;
        _waiters.GiveUp();
        _reading.Clear();
        CountUnsaved(0);
        Timers.Cancel(nameof(Overdue));
        Timers.Cancel(nameof(Announce));
    }

    private static long EpochIn(IRoomMessage message) => message switch
    {
        AttachEdge attach => attach.Have.Epoch,
        FetchRange fetch => fetch.Range.Epoch,
        ReadHistory read => read.KnownEpoch,
        SubmitPost submit => submit.KnownEpoch,
        _ => 0,
    };

    // Edges, and what they miss.

    private void OnAttach(AttachEdge attach)
    {
        if (!IsOutdated(attach))
        {
            OnViewers(attach.Viewers);
            OnRead(attach, attach.Have, Position.MaxInteger);
        }
    }

    private void OnViewers(int viewers)
    {
        if (_edges.Takes(Sender))
        {
            Context.WatchWith(Sender, new EdgeGone(Sender));
            _slot!.Watch();
            Count(Sender, viewers);
        }
    }

    private void OnRead(IRoomMessage question, Position after, long through)
    {
        if (question is not AttachEdge && IsOutdated(question))
        {
            return;
        }

        _edges.Seen(Sender);
        var asker = new Asker(Sender, after, question is ReadHistory, question is AttachEdge attach ? attach.Question : 0);
        switch (Room.Read(after, through))
        {
            case RangeResult.Older when _reading.Count < MaxReading && _reading.Add(asker with { Question = 0 }):
                _origin.Store.ReadAsync(_id, after, _origin.Limits.PageBytes).PipeTo(
                    Self,
                    success: page => new StoreRead(asker, page, null),
                    failure: error => new StoreRead(asker, null, error));
                break;
            case RangeResult.Older:
                break;
            case RangeResult.Found found:
                Answer(asker, found.Page);
                break;
            case RangeResult.Gone gone:
                Answer(asker, gone);
                break;
        }
    }

    private void OnStoreRead(StoreRead read)
    {
        _reading.Remove(read.Asker with { Question = 0 });
        if (read.Page is { } page)
        {
            Answer(read.Asker, page);
        }
        else if (read.Error is null)
        {
            Answer(read.Asker, Room.Gone());
        }
    }

    private void Answer(Asker asker, IReadOnlyList<Batch> page) => asker.Edge.Tell(asker.IsHistory
        ? new HistoryPage(_id, asker.After, Encode(page))
        : new Attached(_id, Room.Head, _edges.Viewers, Encode(page), asker.Question));

    private void Answer(Asker asker, RangeResult.Gone gone) => asker.Edge.Tell(asker.IsHistory
        ? new HistoryGone(_id, asker.After)
        : new RangeGone(_id, asker.After, gone.Head, _edges.Viewers, Encode(gone.Newest), asker.Question));

    private Slice[] Encode(IReadOnlyList<Batch> batches) => [.. batches.Select(batch => Slice.Encode(_id, batch))];

    // Posts.

    private void OnSubmit(SubmitPost submit)
    {
        if (IsOutdated(submit) || EndsEpoch(submit))
        {
            return;
        }

        var (source, isViewer) = PostTickets.Read(submit.Ticket);
        switch (Room.Post(submit.Post, canTake: _origin.Clock.MayStamp && !_origin.Unsaved.IsFull, source, isViewer))
        {
            case PostResult.Accepted accepted:
                _origin.Metrics.PostAccepted();
                Unwatched();
                _waiters.Add(submit, Sender, accepted.Position, accepted.State, isRepeat: false);
                Settle();
                break;
            case PostResult.Repeated repeated:
                _waiters.Add(submit, Sender, repeated.Position, repeated.State, isRepeat: true);
                break;
            case PostResult.Rejected rejected:
                Sender.Tell(submit.Refused(rejected.Reason, rejected.RetryAfter));
                break;
        }
    }

    /// <summary>
    /// Ends an epoch whose times a wrong clock has put ahead, when the store has all of it. Posts wait for the next epoch; while the store is unavailable they
    /// get the last time again.
    /// </summary>
    private bool EndsEpoch(SubmitPost submit)
    {
        if (!Room.IsStampedAhead || !_origin.Clock.MayStamp || Room.IsAheadOfStore)
        {
            return false;
        }

        StashUntilOpen(submit);
        EndOrGoOn();
        return true;
    }

    private void EndOrGoOn()
    {
        if (Room.Unsaved == 0)
        {
            Close();
            BeginOpening();
        }
        else if (Room.IsAheadOfStore)
        {
            Unstash();
        }
    }

    /// <summary>Refuses a post while the room is not open; a repeated post may have been accepted before.</summary>
    private void RefuseUnseen(SubmitPost submit, RejectReason reason, TimeSpan retryAfter) =>
        Sender.Tell(submit.Post.Again ? submit.Unknown() : submit.Refused(reason, retryAfter));

    private void RefuseUnseen(SubmitPost submit) => RefuseUnseen(submit, RejectReason.Unavailable, RetryWhenAway);

    private void OnCommitted(GroupCommitWriter.Committed committed)
    {
        if (committed.Last.Epoch == Room.Top.Epoch)
        {
            _isAppending = false;
            Room.Saved(committed.Last.Offset);
            Settle();
        }
    }

    /// <summary>Another owner has the room. Danmaku that nobody has seen were not stored: their authors send them again.</summary>
    private void OnFenced(GroupCommitWriter.Fenced fenced)
    {
        if (fenced.Epoch == Room.Top.Epoch)
        {
            _origin.Metrics.RoomFenced();
            Close();
            if (_origin.Time.GetElapsedTime(_openedAt) >= ReopenAfter)
            {
                BeginOpening();
            }
            else
            {
                // Two owners take it from each other: not as fast as they can.
                Become(Away);
                ReopenSoon();
            }
        }
    }

    private void OnOverdue()
    {
        if (Room.OverdueIn == TimeSpan.Zero)
        {
            Room.GoAhead();
        }

        Settle();
    }

    /// <summary>Publishes what may be seen, answers its authors, and has the store commit the rest.</summary>
    private void Settle()
    {
        var batches = Room.TakePublished();
        foreach (var batch in batches)
        {
            _origin.Publisher.Publish(Slice.Encode(_id, batch));
            _origin.Metrics.PublishedUnsaved((int)Math.Clamp(batch.Last.Offset - Room.SavedOffset, 0, batch.Comments.Count));
        }

        _waiters.Settle(Room.Top.Offset, Room.SavedOffset);
        CountUnsaved(Room.Unsaved);
        if (!_isAppending && Room.Unsaved > 0)
        {
            _isAppending = true;
            _origin.Store.LaneOf(_id).Tell(new RoomAppend(_id, Room.Top.Epoch, Room.TakeUnsaved()));
        }

        if (Room.OverdueIn is { } overdue && !Timers.IsTimerActive(nameof(Overdue)))
        {
            Timers.StartSingleTimer(nameof(Overdue), Overdue.Instance, overdue);
        }

        if (batches.Count > 0)
        {
            StayActive();
        }

        if (_stashed > 0)
        {
            EndOrGoOn();
        }
    }

    private void CountUnsaved(int unsaved)
    {
        _origin.Unsaved.Add(unsaved - _counted);
        _origin.Metrics.UnsavedChanged(unsaved - _counted);
        _counted = unsaved;
    }

    // Coming and going.

    private void RefuseRoom(IRoomMessage message)
    {
        if (message is SubmitPost submit)
        {
            RefuseUnseen(submit, RejectReason.RoomLimit, RetryWhenFull);
        }
        else
        {
            Sender.Tell(new RoomRefused(_id));
        }

        Context.Parent.Tell(new Passivate(Stop.Instance));
    }

    private void Count(IActorRef edge, int viewers)
    {
        if (_edges.Count(edge, viewers))
        {
            StayActive();
        }
    }

    private void Forget(IActorRef edge)
    {
        Context.Unwatch(edge);
        if (_edges.Remove(edge))
        {
            Unwatched();
        }

        StayActive();
    }

    /// <summary>Restarts the idle time of a room without edges.</summary>
    private void Unwatched()
    {
        if (_edges.IsEmpty)
        {
            _unwatchedSince = _origin.Time.GetTimestamp();
            _slot!.Unwatch();
        }
    }

    /// <summary>Gives its place to another room. Edges that attach at this moment open it again.</summary>
    private void OnSlotLost()
    {
        if (_slot!.IsLost)
        {
            Context.Parent.Tell(new Passivate(Stop.Instance));
        }
    }

    private void StayActive()
    {
        _activeAt = _origin.Time.GetTimestamp();
        if (_room is not null && !Timers.IsTimerActive(nameof(Announce)))
        {
            Timers.StartPeriodicTimer(nameof(Announce), Announce.Instance, TimeSpan.FromSeconds(1));
        }
    }

    private void OnAnnounce()
    {
        _origin.Publisher.Publish(new HeadNote(_id, Room.Head, _edges.Viewers));
        if (_origin.Time.GetElapsedTime(_activeAt) > Active)
        {
            Timers.Cancel(nameof(Announce));
        }
    }

    private void OnSweep()
    {
        foreach (var edge in _edges.Expired())
        {
            Forget(edge);
        }

        if (_edges.IsEmpty && _room is not { Unsaved: > 0 } && _origin.Time.GetElapsedTime(_unwatchedSince) >= _origin.IdleAfter)
        {
            Context.Parent.Tell(new Passivate(Stop.Instance));
        }
    }

    private void OnStop()
    {
        if (_room is null)
        {
            Context.Stop(Self);
            return;
        }

        Become(Stopping);
        Unstash();
        StopWhenSaved();
    }

    private void StopWhenSaved()
    {
        if (Room.Unsaved == 0)
        {
            Context.Stop(Self);
        }
        else
        {
            // Also when it has gone ahead of the store long ago: one more chance, and no longer.
            Timers.StartSingleTimer(nameof(Overdue), Overdue.Instance, _origin.Limits.StoreTimeout);
        }
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>Ends a room: when it has been without edges, and when its shard moves to another origin.</summary>
    public sealed record Stop : IWireMessage
    {
        public static readonly Stop Instance = new();
    }

    /// <summary>This origin is full, and this room has been without edges longest.</summary>
    private sealed record SlotLost : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static readonly SlotLost Instance = new();
    }

    private sealed record EdgeGone(IActorRef Edge) : INoSerializationVerificationNeeded;

    private sealed record StoreOpened(RoomOpening Opening) : INoSerializationVerificationNeeded;

    private sealed record StoreRead(Asker Asker, IReadOnlyList<Batch>? Page, Exception? Error) : INoSerializationVerificationNeeded;

    /// <summary>An edge that asks for what follows a position.</summary>
    /// <param name="IsHistory">Whether it is for a viewer who resumes, and not for the edge's own order.</param>
    private sealed record Asker(IActorRef Edge, Position After, bool IsHistory, long Question);

    /// <summary>The store has not answered in time whether the room can open.</summary>
    public sealed record StoreSlow : INoSerializationVerificationNeeded
    {
        public static readonly StoreSlow Instance = new();
    }

    /// <summary>Ask the store again.</summary>
    public sealed record Reopen : INoSerializationVerificationNeeded
    {
        public static readonly Reopen Instance = new();
    }

    /// <summary>Check whether danmaku wait too long for the store.</summary>
    public sealed record Overdue : INoSerializationVerificationNeeded
    {
        public static readonly Overdue Instance = new();
    }

    /// <summary>Publish the head, so that edges notice when the last danmaku are missing.</summary>
    public sealed record Announce : INoSerializationVerificationNeeded
    {
        public static readonly Announce Instance = new();
    }

    /// <summary>Check for edges that are gone, and whether the room has been idle for long enough to stop.</summary>
    public sealed record Sweep : INoSerializationVerificationNeeded
    {
        public static readonly Sweep Instance = new();
    }
}

/// <summary>What all rooms of one origin share.</summary>
/// <param name="IdleAfter">A room without edges for this long stops.</param>
/// <param name="Unsaved">Bounds the danmaku that wait for the store, about 300 bytes each; when it is full, posts are refused. Each room has its own bound too.</param>
public sealed record OriginContext(
    RoomLimits Limits, TimeSpan IdleAfter, RoomSlots Slots, SharedBudget Unsaved, OriginStore Store, NodeClock Clock, ReplicationPublisher Publisher, DanmakuMetrics Metrics,
    TimeProvider Time);
