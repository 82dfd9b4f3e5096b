using Akka.Actor;
using Akka.Event;
using Danmaku.Actors.Connections;
using Danmaku.Actors.Replication;
using Danmaku.Core.Identities;
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
/// <remarks>
/// Its parts decide: <see cref="OriginLink"/> when to ask the origin, <see cref="Arrivals{TMember}"/> who is let in and with what, <see cref="RoomFanOut"/>
/// when what is ready goes out, <see cref="ViewerCount"/> how many there are, <see cref="Vacancy"/> whether the room is needed.
/// </remarks>
public sealed class EdgeRoomActor : UntypedActor, IWithTimers
{
    private readonly RoomId _id;
    private readonly EdgeContext _edge;
    private readonly EdgeRoom _room;
    private readonly SharedRoomState _shared = new();
    private readonly Subscribers _subscribers;
    private readonly OriginLink _link;
    private readonly RoomOrigin _origin;
    private readonly Arrivals<RoomViewer> _arrivals;
    private readonly RoomFanOut _fanout;
    private readonly ViewerCount _count = new();
    private readonly Vacancy _vacancy;

    /// <summary>Handshakes that wait until the room's head is known.</summary>
    private readonly List<IActorRef> _openers = [];

    public EdgeRoomActor(RoomId id, EdgeContext edge)
    {
        (_id, _edge) = (id, edge);
        _room = new EdgeRoom(edge.RoomLimits);
        _subscribers = new Subscribers(edge.Metrics);
        _link = new OriginLink(edge.RoomLimits.GapTimeout, edge.Time, edge.Random);
        _origin = new RoomOrigin(id, edge, _room, _link, _shared, Context, this);
        _vacancy = new Vacancy(edge.KeepEmptyFor, edge.Time);
        var (pace, self) = (new AdaptiveFlush(edge.FanOut, edge.Time), Self);
        _fanout = new RoomFanOut(_room, _subscribers, _shared, pace, edge.Metrics, edge.Time, () => self.Tell(Flush.Instance, ActorRefs.NoSender));
        _arrivals = new Arrivals<RoomViewer>(_room, _link, edge.Time, _fanout.FanOut);
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
            if (!FromOrigin(message) && !FromViewers(message) && !FromTimers(message))
            {
                Unhandled(message);
            }
        }
        catch (InvalidDataException error)
        {
            // No origin sends such danmaku. What is missing by it is asked for again.
            Context.GetLogger().Warning("{0} sent {1} a {2} that cannot be read: {3}", Sender.Path, _id, message.GetType().Name, error.Message);
        }
    }

    private bool FromOrigin(object message)
    {
        switch (message)
        {
            case Slice slice:
                OnSlice(slice);
                return true;
            case HeadNote note:
                OnHead(note);
                return true;
            case Attached attached:
                OnAttached(attached);
                return true;
            case RangeGone gone:
                OnGone(gone);
                return true;
            case HistoryPage page:
                Send(_arrivals.OnPage(page.After, [.. page.Page.Select(slice => slice.Decode())]));
                return true;
            case HistoryGone gone:
                Send(_arrivals.OnGone(gone.After));
                return true;
            case RoomRefused:
                OnRefused();
                return true;
            case RoomOrigin.Gone:
                OnOriginGone();
                return true;
            default:
                return false;
        }
    }

    private bool FromViewers(object message)
    {
        switch (message)
        {
            case EdgeRoomManager.Open:
                OnOpen();
                return true;
            case EdgeRoomManager.Join join:
                OnJoin(join);
                return true;
            case ViewerGone gone:
                OnViewerGone(gone.Member);
                return true;
            case ConnectionActor.ReadOn read:
                OnReadOn(read);
                return true;
            case ConnectionActor.Reach reach:
                OnReach(reach.Position);
                return true;
            default:
                return false;
        }
    }

    private bool FromTimers(object message)
    {
        switch (message)
        {
            case Flush:
                _fanout.Flush();
                return true;
            case Pulse:
                OnPulse();
                return true;
            case Attach:
                _origin.Attach(Count);
                return true;
            case Fetch:
                _origin.Fetch();
                return true;
            default:
                return false;
        }
    }

    private int Count => _subscribers.Count;

    // Viewers come and go.

    private void OnOpen()
    {
        _vacancy.Visit();
        _vacancy.Restart();
        if (_room.IsAttached || _openers.Count == MaxOpeners)
        {
            Sender.Tell(new EdgeRoomManager.Opened(_room.IsAttached ? _room.Top : null));
            return;
        }

        _openers.Add(Sender);
        _origin.AttachForWaiting(Count);
    }

    /// <param name="top">The room's head; null when it is not known.</param>
    private void AnswerOpeners(Position? top)
    {
        if (_openers.Count > 0)
        {
            _openers.ForEach(opener => opener.Tell(new EdgeRoomManager.Opened(top)));
            _openers.Clear();
        }
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
        Send([_arrivals.Enter(member)]);
        if (member.Stage is ViewerStage.Waiting)
        {
            _origin.AttachForWaiting(Count);
        }
    }

    private void OnViewerGone(RoomViewer member)
    {
        _arrivals.Leave(member);
        _fanout.Forget(member);
        _subscribers.Leave(member);
        _vacancy.Restart();
    }

    private void OnReadOn(ConnectionActor.ReadOn read)
    {
        if (_subscribers.Find(Sender) is { } member)
        {
            Send([_arrivals.ReadOn(member, read.After)]);
        }
    }

    private void OnReach(Position position)
    {
        if (_subscribers.Find(Sender) is { } member)
        {
            _fanout.Reach(member, position);
        }
    }

    /// <param name="portions">Null for a viewer that gets nothing now.</param>
    private void Send(IEnumerable<Portion<RoomViewer>?> portions)
    {
        foreach (var portion in portions.OfType<Portion<RoomViewer>>())
        {
            _subscribers.Give(portion, portion.IsFirst ? Welcome(portion.Member.Request, portion.Start) : null);
        }

        _origin.Read(_arrivals.TakePages());
    }

    private Welcome Welcome(JoinRequest request, JoinStart start) =>
        new(_id, _edge.Node, request.Name, start.Position, _room.Top, start.IsLost, _count.Total(Count), _edge.Heartbeat)
        {
            Identity = request.ToKeep,
            User = request.Identity?.User ?? UserId.None,
            Role = request.Identity?.Role ?? Role.Viewer,
        };

    // What comes from the origin.

    private void OnSlice(Slice slice)
    {
        _link.Heard();
        _room.Slice(slice.Decode());
        Merged();
    }

    private void OnHead(HeadNote note)
    {
        _link.Heard();
        _count.Learn(note.Viewers);
        _room.OnHead(note.Head);
        Merged();
    }

    private void OnAttached(Attached attached)
    {
        Batch[] page = [.. attached.Page.Select(slice => slice.Decode())];
        _count.Learn(attached.Viewers);
        _origin.Know(Sender);
        _room.Attached(attached.Head, page);
        Merged(attached.Question);
    }

    private void OnGone(RangeGone gone)
    {
        Batch[] newest = [.. gone.Newest.Select(slice => slice.Decode())];
        _count.Learn(gone.Viewers);
        _origin.Know(Sender);
        _room.OnGone(gone.Have, gone.Head, newest);
        Merged(gone.Question);
    }

    private void OnRefused()
    {
        _subscribers.CloseAll(CloseReason.TooManyRooms);
        AnswerOpeners(null);
        _origin.AttachAfter(OriginLink.RetryWhenFull);
    }

    private void OnOriginGone()
    {
        _origin.Forget();
        _origin.Attach(Count);
    }

    /// <summary>Goes on after something was put into the room.</summary>
    /// <param name="question">The number of the question that is answered; 0 when it is none.</param>
    private void Merged(long question = 0)
    {
        var fetch = _link.Merged(_room.Top, _room.Missing, question);
        _shared.Epoch = _room.Top.Epoch;
        if (_room.IsAttached)
        {
            AnswerOpeners(_room.Top);
            if (_arrivals.AnyWaiting)
            {
                Send(_arrivals.LetIn());
            }
        }

        _fanout.FlushNowOrAtTick();
        _origin.Fetch(fetch);
    }

    // Once a second.

    private void OnPulse()
    {
        if (_link.IsToGiveUp(_room.Missing))
        {
            _room.GiveUp();
            Merged();
        }

        _origin.Read(_arrivals.TakePages());
        if (_arrivals.AnyWaiting)
        {
            _origin.AttachForWaiting(Count);
        }

        _origin.TellViewers(Count);
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

    private sealed record ViewerGone(RoomViewer Member) : INoSerializationVerificationNeeded;
}
