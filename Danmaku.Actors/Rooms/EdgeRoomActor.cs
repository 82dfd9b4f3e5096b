using Akka.Actor;
using Akka.Event;
using Danmaku.Actors.Connections;
using Danmaku.Actors.Replication;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using static Danmaku.Actors.Rooms.EdgeRoomProtocol;
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
    private readonly SharedRoomState _shared = new();
    private readonly Subscribers _subscribers;
    private readonly RoomFanout _fanout;
    private readonly ViewerCount _count = new();
    private readonly Vacancy _vacancy;
    private readonly Arrivals<RoomViewer> _arrivals;
    private readonly List<IActorRef> _openers = [];

    private readonly OriginLink _link;
    private IActorRef? _origin;
    private int _toldOrigin;

    public EdgeRoomActor(RoomId id, EdgeContext edge)
    {
        (_id, _edge) = (id, edge);
        _room = new EdgeRoom(edge.RoomLimits);
        _subscribers = new Subscribers(edge.Metrics);
        _vacancy = new Vacancy(edge.KeepEmptyFor, edge.Time);
        var (pace, self) = (new AdaptiveFlush(edge.Fanout, edge.Time), Self);
        _fanout = new RoomFanout(_room, _subscribers, _shared, pace, edge.Metrics, edge.Time, () => self.Tell(Flush.Instance, ActorRefs.NoSender));
        _link = new OriginLink(edge.RoomLimits.GapTimeout, edge.Time, edge.Random);
        _arrivals = new Arrivals<RoomViewer>(_room, _link, edge.Time);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Most handshakes that wait until the room's head is known; further ones do not wait.</summary>
    private const int MaxOpeners = 10_000;

    private static readonly TimeSpan PulseEvery = TimeSpan.FromSeconds(1);

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
        _fanout.Stop();
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
                _fanout.Flush();
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
                OnReach(reach.Position);
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
                OnHistoryGone(gone.After);
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

    private Position? KnownTop => _room.IsAttached ? _room.Top : null;

    // Viewers come and go.

    private void OnOpen()
    {
        _vacancy.Visit();
        _vacancy.Restart();
        if (_room.IsAttached || _openers.Count == MaxOpeners)
        {
            Sender.Tell(new EdgeRoomManager.Opened(KnownTop));
            return;
        }

        _openers.Add(Sender);
        AskForWaiting();
    }

    private void OnJoin(EdgeRoomManager.Join join)
    {
        _vacancy.Visit();
        var (request, outbox) = (join.Request, join.Outbox);
        var viewer = new Viewer(request.Format, outbox, _edge.ViewerLimits, _edge.Time);
        var actor = Context.ActorOf(new ConnectionProps(_id, _shared, request, viewer, outbox, _edge));
        if (!join.Answer.TrySetResult(actor))
        {
            actor.Tell(ConnectionActor.Leave.Instance);
            return;
        }

        var member = new RoomViewer(actor, request, viewer);
        Context.WatchWith(actor, new ViewerGone(member));
        _subscribers.Enter(member);
        if (_arrivals.Enter(member))
        {
            GoOn(member, request.Last);
        }
        else
        {
            AskForWaiting();
        }
    }

    /// <summary>Asks the origin again for viewers who came after the last question, but not once for each of them.</summary>
    private void AskForWaiting()
    {
        if (_link.WaitToAsk(_room.IsAttached) is not { } wait)
        {
            return;
        }

        if (wait > TimeSpan.Zero)
        {
            AttachAfter(wait);
        }
        else
        {
            AttachToOrigin();
        }
    }

    // A viewer is sent what it missed from here, page by page. What is older than what is here, it reads on from the origin.

    /// <param name="after">The last position that the viewer has; null when it has none.</param>
    private void GoOn(RoomViewer member, Position? after)
    {
        if (_arrivals.ReadsOn(member, after))
        {
            AskForHistory();
        }
        else
        {
            SendNext(member, after);
        }
    }

    private void SendNext(RoomViewer member, Position? after)
    {
        // What is ready belongs to those already here; the new one gets it as history.
        _fanout.FanOut();
        Send(member, _arrivals.Next(member, after));
    }

    private void Send(RoomViewer member, Portion portion)
    {
        var (start, request) = (portion.Start, member.Request);
        var welcome = portion.IsFirst
            ? new Welcome(_id, _edge.Node, request.Name, start.Position, _room.Top, start.IsLost, _count.Total(Count), _edge.Heartbeat)
            : null;
        Subscribers.With(member, viewer => portion.SendTo(viewer, welcome));
        if (start.HasMore)
        {
            member.Actor.Tell(new ConnectionActor.MoreAfter(start.Batches[^1].Last), Self);
        }
        else
        {
            _subscribers.GoLive(member);
        }
    }

    private void OnReadOn(ConnectionActor.ReadOn read)
    {
        if (_subscribers.Find(Sender) is { Stage: ViewerStage.CatchingUp } member)
        {
            GoOn(member, read.After);
        }
    }

    private void OnReach(Position position)
    {
        if (_subscribers.Find(Sender) is { } member)
        {
            _fanout.Reach(member, position);
        }
    }

    private void AskForHistory()
    {
        foreach (var after in _arrivals.TakePages())
        {
            _edge.Origins.Tell(new ReadHistory(_id, after, _room.Top.Epoch));
        }
    }

    private void OnHistoryPage(HistoryPage page)
    {
        if (page.Page.Count == 0)
        {
            OnHistoryGone(page.After);
            return;
        }

        foreach (var (member, portion) in _arrivals.OnPage(page.After, [.. page.Page.Select(slice => slice.Decode())]))
        {
            Send(member, portion);
        }

        AskForHistory();
    }

    private void OnHistoryGone(Position after)
    {
        foreach (var member in _arrivals.OnGone(after))
        {
            SendNext(member, after);
        }

        AskForHistory();
    }

    private void OnViewerGone(RoomViewer member)
    {
        _arrivals.Leave(member);
        _fanout.Forget(member);
        _subscribers.Leave(member);
        _vacancy.Restart();
    }

    // What comes from the origin.

    private void OnSlice(Slice slice)
    {
        _link.Heard();
        var before = _room.Top;
        _room.Slice(slice.Decode());
        Merged(before);
    }

    private void OnHead(HeadNote note)
    {
        _link.Heard();
        _count.Learn(note.Viewers);
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
        _count.Learn(viewers);
        if (!Sender.Equals(_origin))
        {
            if (_origin is { } before)
            {
                Context.Unwatch(before);
            }

            _origin = Context.WatchWith(Sender, new OriginGone());
            _shared.Origin = Sender.Path.Address is { HasLocalScope: false } address ? address : null;
        }

        AttachAfter(OriginLink.ReattachEvery);
    }

    private void OnRefused()
    {
        _subscribers.CloseAll(CloseReason.TooManyRooms);
        _openers.ForEach(opener => opener.Tell(new EdgeRoomManager.Opened(null)));
        _openers.Clear();
        AttachAfter(OriginLink.RetryWhenFull);
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
        var fetch = _link.Merged(_room.Top != before, _room.Missing, question);
        _shared.Epoch = _room.Top.Epoch;
        BeginWaiting();
        _fanout.FlushNowOrAtTick();
        switch (fetch)
        {
            case FetchChange.Ask:
                _edge.Metrics.GapFetched();
                FetchMissing();
                break;
            case FetchChange.Stop:
                Timers.Cancel(nameof(Fetch));
                break;
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

        foreach (var member in _arrivals.TakeDue())
        {
            GoOn(member, member.Request.Last);
        }
    }

    private void AttachToOrigin()
    {
        _toldOrigin = Count;
        _edge.Origins.Tell(new AttachEdge(_id, _room.Top, Count, _link.Ask(out var again)));
        AttachAfter(again);
    }

    private void AttachAfter(TimeSpan wait) => Timers.StartSingleTimer(nameof(Attach), Attach.Instance, wait);

    private void FetchMissing()
    {
        if (_room.Missing is { } missing)
        {
            _edge.Origins.Tell(new FetchRange(_id, missing));
            Timers.StartSingleTimer(nameof(Fetch), Fetch.Instance, _link.Fetch(missing));
        }
    }

    // Once a second.

    private void OnPulse()
    {
        GiveUpOnGap();
        AskForHistory();
        if (_arrivals.AnyWaiting)
        {
            AskForWaiting();
        }

        if (Count != _toldOrigin)
        {
            _toldOrigin = Count;
            _edge.Origins.Tell(new EdgeViewers(_id, Count));
        }

        if (_count.News(Count) is { } total)
        {
            _subscribers.TellViewers(total);
        }

        TellNeed();
    }

    private void TellNeed()
    {
        switch (Count == 0 ? _vacancy.Look() : RoomNeed.Unchanged)
        {
            case RoomNeed.Spare:
                Context.Parent.Tell(new EdgeRoomManager.Spare(_id, _vacancy.Visits));
                break;
            case RoomNeed.None:
                Context.Parent.Tell(new EdgeRoomManager.Empty(_id, _vacancy.Visits));
                break;
        }
    }

    private void GiveUpOnGap()
    {
        if (_link.IsToGiveUp(_room.Missing))
        {
            var before = _room.Top;
            _room.GiveUp();
            Merged(before);
        }
    }

    private sealed record ViewerGone(RoomViewer Member) : INoSerializationVerificationNeeded;

    private sealed record OriginGone : INoSerializationVerificationNeeded;
}
