using Akka.Actor;
using Akka.Event;
using Danmaku.Actors.Connections;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Replication;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// One room on one edge. It orders what the origin sends with <see cref="EdgeRoom"/>, encodes each batch once per format, and fans it out to its
/// viewers. Each viewer has a child <see cref="ConnectionActor"/>.
/// </summary>
public sealed class EdgeRoomActor : UntypedActor, IWithTimers
{
    private readonly RoomId _id;
    private readonly EdgeContext _edge;
    private readonly EdgeRoom _room;
    private readonly AdaptiveFlush _pace;
    private readonly SharedRoomState _shared = new();
    private readonly Subscribers _subscribers;

    /// <summary>Viewers waiting for the room to attach or to catch up with them, and the question whose answer admits them at the latest.</summary>
    private readonly Dictionary<RoomViewer, long> _waiting = [];
    private readonly List<IActorRef> _openers = [];

    /// <summary>Viewers who resume from a position older than this edge's history, and whether they have had their welcome.</summary>
    private readonly Dictionary<RoomViewer, bool> _readers = [];

    /// <summary>Connections to be told when they have been sent everything up to a position.</summary>
    private readonly Dictionary<IActorRef, Position> _reaching = [];

    private readonly CatchUpReads _reads;
    private IActorRef? _origin;
    private MissingRange? _asked;
    private TimeSpan _retry;
    private bool _isFlushing;
    private ITimer? _tick;
    private long _visits;
    private int _toldOrigin;
    private long _total;
    private long _toldViewers;
    private long _emptySince;

    /// <summary>The number of visits when it last told its parent that it was empty.</summary>
    private long _toldSpare;

    /// <summary>When a range was first missing, or last became smaller.</summary>
    private long _progressAt;

    private long _heardAt;
    private long _attachedAt;

    /// <summary>How often the origin was asked for the room's head, and the last of these questions that it answered.</summary>
    private long _questions;

    private long _answered;

    public EdgeRoomActor(RoomId id, EdgeContext edge)
    {
        (_id, _edge) = (id, edge);
        _room = new EdgeRoom(edge.RoomLimits);
        _subscribers = new Subscribers(edge.Metrics);
        _pace = new AdaptiveFlush(edge.FanOut, edge.Time);
        _reads = new CatchUpReads(edge.Time);
        _retry = FirstRetry;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Most handshakes that wait until the room's head is known; further ones do not wait.</summary>
    private const int MaxOpeners = 10_000;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReattachEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PulseEvery = TimeSpan.FromSeconds(1);

    /// <summary>A client that had the room opened joins within this time.</summary>
    private static readonly TimeSpan SpareAfter = TimeSpan.FromSeconds(3);

    /// <summary>Origins announce the head of an active room every second; an origin that was not heard for this long is silent.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <summary>A viewer's actor that fails is stopped; a restart would leave it with a dead socket for ever.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void PreStart()
    {
        _edge.Metrics.EdgeRoomOpened();
        _edge.Ingress.Tell(new ReplicationIngress.RoomOpened(_id, Self));
        Timers.StartPeriodicTimer(nameof(Pulse), Pulse.Instance, PulseEvery);
    }

    protected override void PostStop()
    {
        _tick?.Dispose();
        _edge.Metrics.EdgeRoomClosed();
        _edge.Ingress.Tell(new ReplicationIngress.RoomClosed(_id, Self));
        _edge.Origins.Tell(new DetachEdge(_id));
    }

    protected override void OnReceive(object message)
    {
        try
        {
            Handle(message);
        }
        catch (InvalidDataException error)
        {
            // No origin sends such danmaku. What is missing by it is asked for again.
            Context.GetLogger().Warning("{0} sent {1} a {2} that cannot be read: {3}", Sender.Path, _id, message.GetType().Name, error.Message);
        }
    }

    private void Handle(object message)
    {
        switch (message)
        {
            case Slice slice:
                OnSlice(slice);
                break;
            case Flush:
                OnFlush();
                break;
            case HeadNote note:
                OnHead(note);
                break;
            case EdgeRoomManager.Open:
                OnOpen();
                break;
            case EdgeRoomManager.Join join:
                OnJoin(join);
                break;
            case ViewerGone gone:
                OnViewerGone(gone.Member);
                break;
            case ConnectionActor.ReadOn read:
                OnReadOn(read);
                break;
            case ConnectionActor.Reach reach:
                OnReach(reach);
                break;
            case Attached attached:
                OnAttached(attached);
                break;
            case RangeGone gone:
                OnGone(gone);
                break;
            case HistoryPage page:
                OnHistoryPage(page);
                break;
            case HistoryGone gone:
                OnHistoryGone(gone);
                break;
            case RoomRefused:
                OnRefused();
                break;
            case OriginGone:
                OnOriginGone();
                break;
            case Pulse:
                OnPulse();
                break;
            case Attach:
                AttachToOrigin();
                break;
            case Fetch:
                FetchMissing();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private int Count => _subscribers.Count;

    /// <summary>Whether the origin has been asked, and will be asked again.</summary>
    private bool IsAttaching => Timers.IsTimerActive(nameof(Attach));

    private Position? KnownTop => _room.IsAttached ? _room.Top : null;

    // Viewers come and go.

    private void OnOpen()
    {
        _visits++;
        _emptySince = _edge.Time.GetTimestamp();
        if (_room.IsAttached || _openers.Count == MaxOpeners)
        {
            Sender.Tell(new EdgeRoomManager.Opened(KnownTop));
            return;
        }

        _openers.Add(Sender);
        if (!IsAttaching)
        {
            AttachToOrigin();
        }
    }

    private void OnJoin(EdgeRoomManager.Join join)
    {
        _visits++;
        var (request, outbox) = (join.Request, join.Outbox);
        var viewer = new Viewer(request.Format, outbox, _edge.ViewerLimits, _edge.Time);
        var actor = Context.ActorOf(Connection(request, viewer, outbox));
        if (!join.Answer.TrySetResult(actor))
        {
            actor.Tell(ConnectionActor.Leave.Instance);
            return;
        }

        var member = new RoomViewer(actor, request, viewer);
        Context.WatchWith(actor, new ViewerGone(member));
        _subscribers.Enter(member);
        if (_room.IsAttached && !_room.IsBehind(request.Last))
        {
            Admit(member);
            return;
        }

        _waiting[member] = _questions + 1;
        AskForWaiting();
    }

    private ConnectionProps Connection(JoinRequest request, Viewer viewer, IOutbox outbox) =>
        new(new ConnectionActor.Producer(_id, _shared, request, viewer, outbox, _edge));

    /// <summary>Asks the origin again for viewers who came after the last question, but not once for each of them.</summary>
    private void AskForWaiting()
    {
        if (!_room.IsAttached)
        {
            if (!IsAttaching)
            {
                AttachToOrigin();
            }
        }
        else if (_edge.Time.GetElapsedTime(_attachedAt) >= FirstRetry)
        {
            AttachToOrigin();
        }
        else
        {
            Timers.StartSingleTimer(nameof(Attach), Attach.Instance, FirstRetry);
        }
    }

    private void Admit(RoomViewer member)
    {
        if (_room.IsOlder(member.Request.Last))
        {
            _readers[member] = false;
            ReadOn(member, member.Request.Last!.Value);
        }
        else
        {
            SendMissed(member, member.Request.Last);
        }
    }

    /// <summary>Sends a viewer what it missed, or a page of it, from this edge's history.</summary>
    /// <param name="isGreeted">Whether it has had its welcome, and pages from the origin.</param>
    private void SendMissed(RoomViewer member, Position? last, bool isGreeted = false)
    {
        // What is ready belongs to those already here; the new one gets it as history.
        FanOut();
        var start = _room.Join(last, member.Request.History);
        Subscribers.With(member, viewer =>
        {
            if (!isGreeted)
            {
                viewer.Greet(Welcome(member.Request, start.Position, start.IsLost), start.Batches);
                return;
            }

            if (start.IsLost)
            {
                viewer.Lose(start.Position);
            }

            viewer.Deliver(start.Batches);
        });
        if (start.HasMore)
        {
            _readers[member] = true;
            member.Actor.Tell(new ConnectionActor.MoreAfter(start.Batches[^1].Last), Self);
        }
        else
        {
            _subscribers.GoLive(member);
        }
    }

    private Welcome Welcome(JoinRequest request, Position position, bool isLost) =>
        new(_id, _edge.Node, request.Name, position, _room.Top, isLost, Math.Max(_total, Count), _edge.Heartbeat);

    // Who comes back with a position that is older than what is here reads on from the origin, page by page, until it is not.

    private void OnReadOn(ConnectionActor.ReadOn read)
    {
        if (_subscribers.Find(Sender) is { } member)
        {
            ReadOn(member, read.After);
        }
    }

    private void ReadOn(RoomViewer member, Position after)
    {
        if (_room.IsOlder(after))
        {
            _reads.Wait(member.Actor, after);
            AskForHistory();
        }
        else
        {
            GoOn(member, after);
        }
    }

    private void AskForHistory()
    {
        foreach (var after in _reads.Due())
        {
            _edge.Origins.Tell(new ReadHistory(_id, after, _room.Top.Epoch));
        }
    }

    private void OnHistoryPage(HistoryPage page)
    {
        if (page.Page.Count == 0)
        {
            OnHistoryGone(new HistoryGone(_id, page.After));
            return;
        }

        // What comes after Top is on its way here too, and goes to everybody.
        var batches = _room.UpToTop([.. page.Page.Select(slice => slice.Decode())]);
        if (batches.Count == 0)
        {
            return;
        }

        foreach (var member in _reads.Take(page.After).Select(_subscribers.Find).OfType<RoomViewer>())
        {
            if (!_readers.TryGetValue(member, out var isGreeted))
            {
                continue;
            }

            Subscribers.With(member, viewer =>
            {
                if (isGreeted)
                {
                    viewer.Deliver(batches);
                }
                else
                {
                    viewer.Greet(Welcome(member.Request, page.After, isLost: false), batches);
                }
            });
            _readers[member] = true;
            member.Actor.Tell(new ConnectionActor.MoreAfter(batches[^1].Last), Self);
        }

        AskForHistory();
    }

    private void OnHistoryGone(HistoryGone gone)
    {
        foreach (var member in _reads.Take(gone.After).Select(_subscribers.Find).OfType<RoomViewer>())
        {
            GoOn(member, gone.After);
        }

        AskForHistory();
    }

    /// <summary>What follows is here.</summary>
    private void GoOn(RoomViewer member, Position after)
    {
        if (_readers.Remove(member, out var isGreeted))
        {
            SendMissed(member, after, isGreeted);
        }
    }

    private void OnViewerGone(RoomViewer member)
    {
        _waiting.Remove(member);
        _readers.Remove(member);
        _reaching.Remove(member.Actor);
        _reads.Forget(member.Actor);
        _subscribers.Leave(member);
        _emptySince = _edge.Time.GetTimestamp();
    }

    // What comes from the origin.

    private void OnSlice(Slice slice)
    {
        _heardAt = _edge.Time.GetTimestamp();
        var before = _room.Top;
        _room.Slice(slice.Decode());
        Merged(before);
    }

    private void OnHead(HeadNote note)
    {
        _heardAt = _edge.Time.GetTimestamp();
        _total = note.Viewers;
        var before = _room.Top;
        _room.OnHead(note.Head);
        Merged(before);
    }

    private void OnAttached(Attached attached)
    {
        Batch[] page = [.. attached.Page.Select(slice => slice.Decode())];
        KnowOrigin(attached.Viewers);
        var before = _room.Top;
        _room.Attached(attached.Head, page);
        Merged(before, attached.Question);
    }

    private void OnGone(RangeGone gone)
    {
        Batch[] newest = [.. gone.Newest.Select(slice => slice.Decode())];
        KnowOrigin(gone.Viewers);
        var before = _room.Top;
        _room.OnGone(gone.Have, gone.Head, newest);
        Merged(before, gone.Question);
    }

    private void KnowOrigin(long viewers)
    {
        _total = viewers;
        if (!Sender.Equals(_origin))
        {
            if (_origin is { } before)
            {
                Context.Unwatch(before);
            }

            _origin = Context.WatchWith(Sender, new OriginGone());
            _shared.Origin = Sender.Path.Address is { HasLocalScope: false } address ? address : null;
        }

        Timers.StartSingleTimer(nameof(Attach), Attach.Instance, ReattachEvery);
    }

    private void OnRefused()
    {
        _subscribers.CloseAll(CloseReason.TooManyRooms);
        _openers.ForEach(opener => opener.Tell(new EdgeRoomManager.Opened(null)));
        _openers.Clear();
        Timers.StartSingleTimer(nameof(Attach), Attach.Instance, RetryWhenFull);
    }

    private void OnOriginGone()
    {
        (_origin, _shared.Origin) = (null, null);
        AttachToOrigin();
    }

    /// <summary>Goes on after something was put into the room.</summary>
    /// <param name="before">The head of the room before that.</param>
    /// <param name="question">The number of the question that is answered; 0 when it is none.</param>
    private void Merged(Position before, long question = 0)
    {
        if (_room.Top != before || _asked is null)
        {
            _progressAt = _edge.Time.GetTimestamp();
        }

        if (_room.Top != before)
        {
            _retry = FirstRetry;
        }

        _answered = Math.Max(_answered, question);
        _shared.Epoch = _room.Top.Epoch;
        BeginWaiting();
        FlushNowOrAtTick();

        // An answer that brought nothing is no reason to ask again at once: the timer does.
        var missing = _room.Missing;
        if (missing == _asked)
        {
            return;
        }

        if (missing is null)
        {
            _asked = null;
            Timers.Cancel(nameof(Fetch));
        }
        else
        {
            _edge.Metrics.GapFetched();
            FetchMissing();
        }
    }

    /// <summary>
    /// Sends the welcome to viewers who came before the room's head was known, and to viewers who have seen more than has arrived here: when it has
    /// arrived, or when the origin has answered.
    /// </summary>
    private void BeginWaiting()
    {
        if (!_room.IsAttached)
        {
            return;
        }

        if (_openers.Count > 0)
        {
            _openers.ForEach(opener => opener.Tell(new EdgeRoomManager.Opened(KnownTop)));
            _openers.Clear();
        }

        if (_waiting.Count > 0)
        {
            AdmitWaiting();
        }
    }

    private void AdmitWaiting()
    {
        // Who is ahead after everything has come that the origin had when it was asked for him, is ahead of the origin too.
        var isComplete = _room.Missing is null;
        foreach (var (member, _) in _waiting.Where(IsDue).ToArray())
        {
            _waiting.Remove(member);
            Admit(member);
        }

        bool IsDue(KeyValuePair<RoomViewer, long> waiting) =>
            !_room.IsBehind(waiting.Key.Request.Last) || (isComplete && _answered >= waiting.Value);
    }

    private void AttachToOrigin()
    {
        _toldOrigin = Count;
        _attachedAt = _edge.Time.GetTimestamp();
        _edge.Origins.Tell(new AttachEdge(_id, _room.Top, Count, ++_questions));
        Timers.StartSingleTimer(nameof(Attach), Attach.Instance, NextRetry());
    }

    /// <summary>Asks for what is missing, again and again until the origin answers: a silent origin proves nothing.</summary>
    private void FetchMissing()
    {
        _asked = _room.Missing;
        if (_asked is { } missing)
        {
            _edge.Origins.Tell(new FetchRange(_id, missing));
            Timers.StartSingleTimer(nameof(Fetch), Fetch.Instance, NextRetry());
        }
    }

    private TimeSpan NextRetry()
    {
        var wait = _retry * (0.75 + 0.5 * _edge.Random());
        _retry = _retry * 2 < LastRetry ? _retry * 2 : LastRetry;
        return wait;
    }

    // What goes to the viewers.

    private void FlushNowOrAtTick()
    {
        if (!_room.HasReady || _isFlushing)
        {
            return;
        }

        (_isFlushing, _shared.IsFlushDue) = (true, true);
        if (_pace.Wait() is var wait && wait > TimeSpan.Zero)
        {
            // The actor system's scheduler knows no such short times.
            _tick ??= _edge.Time.CreateTimer(
                static room => ((IActorRef)room!).Tell(Flush.Instance, ActorRefs.NoSender), Self, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _tick.Change(wait, Timeout.InfiniteTimeSpan);
        }
        else
        {
            // Behind what has come already, or an edge that has more to do than it can would write one slice after the other, and be ever later.
            Self.Tell(Flush.Instance);
        }
    }

    private void OnFlush()
    {
        _isFlushing = false;
        FanOut();
        if (_reaching.Count > 0)
        {
            TellReached();
        }
    }

    private void OnReach(ConnectionActor.Reach reach)
    {
        FanOut();
        _reaching[Sender] = reach.Position;
        TellReached();
    }

    private void TellReached()
    {
        foreach (var (connection, _) in _reaching.Where(reaching => reaching.Value <= _room.Top).ToArray())
        {
            _reaching.Remove(connection);
            connection.Tell(ConnectionActor.Reached.Instance);
        }
    }

    private void FanOut()
    {
        if (!_room.HasReady)
        {
            return;
        }

        _shared.IsFlushDue = false;
        _pace.FanOutStarts();
        var (count, bytes) = (_room.ReadyCount, _pace.Bearable(_room.ReadyBytes));
        foreach (var delivery in _room.Take(bytes))
        {
            switch (delivery)
            {
                case Delivery.Comments comments:
                    _subscribers.Send(new DeliveryFrames(comments.Batch));
                    break;
                case Delivery.Skipped skipped:
                    _subscribers.Skip(skipped.Batches);
                    break;
                case Delivery.Lost lost:
                    _edge.Metrics.Lost();
                    _subscribers.Lose(lost.Position);
                    break;
            }
        }

        _pace.End(count, bytes);
    }

    // Once a second.

    private void OnPulse()
    {
        GiveUpOnGap();
        AskForHistory();
        if (_waiting.Count > 0)
        {
            AskForWaiting();
        }
        if (Count != _toldOrigin)
        {
            _toldOrigin = Count;
            _edge.Origins.Tell(new EdgeViewers(_id, Count));
        }

        // The origin's sum does not know yet who has just come here.
        var total = Math.Max(_total, Count);
        if (total != _toldViewers)
        {
            _toldViewers = total;
            _subscribers.TellViewers(total);
        }

        if (Count == 0)
        {
            TellEmpty(_edge.Time.GetElapsedTime(_emptySince));
        }
    }

    private void TellEmpty(TimeSpan since)
    {
        if (since > _edge.KeepEmptyFor)
        {
            Context.Parent.Tell(new EdgeRoomManager.Empty(_id, _visits));
        }
        else if (since > SpareAfter && _toldSpare != _visits)
        {
            _toldSpare = _visits;
            Context.Parent.Tell(new EdgeRoomManager.Spare(_id, _visits));
        }
    }

    /// <summary>An origin that is heard and does not give what is missing for long never will. A silent one proves nothing.</summary>
    private void GiveUpOnGap()
    {
        if (_room.Missing is not null
            && _edge.Time.GetElapsedTime(_progressAt) > _edge.RoomLimits.GapTimeout
            && _edge.Time.GetElapsedTime(_heardAt) < Silence)
        {
            var before = _room.Top;
            _room.GiveUp();
            Merged(before);
        }
    }

    private sealed record ViewerGone(RoomViewer Member) : INoSerializationVerificationNeeded;

    private sealed record OriginGone : INoSerializationVerificationNeeded;

    /// <summary>What <see cref="Props.WithMailbox"/> and <see cref="Props.WithDispatcher"/> would give, which read an empty configuration each time.</summary>
    private sealed class ConnectionProps : Props
    {
        private static readonly Deploy Shared = Deploy.None.WithMailbox(SmallMailbox.Path).WithDispatcher(ConnectionDispatcher.Path);

        public ConnectionProps(ConnectionActor.Producer producer)
            : base(CreateBy(producer)) => Deploy = Shared;
    }

    /// <summary>Fan out what is ready: the room's tick.</summary>
    public sealed record Flush : INoSerializationVerificationNeeded
    {
        public static readonly Flush Instance = new();
    }

    /// <summary>Count viewers, and see whether the room is still needed here.</summary>
    public sealed record Pulse : INoSerializationVerificationNeeded
    {
        public static readonly Pulse Instance = new();
    }

    /// <summary>Tell the origin (again) that this edge has viewers.</summary>
    public sealed record Attach : INoSerializationVerificationNeeded
    {
        public static readonly Attach Instance = new();
    }

    /// <summary>Ask the origin (again) for what is missing.</summary>
    public sealed record Fetch : INoSerializationVerificationNeeded
    {
        public static readonly Fetch Instance = new();
    }
}

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
