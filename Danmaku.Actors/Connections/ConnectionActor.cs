using Akka.Actor;
using Akka.Event;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Connections;

/// <summary>
/// One WebSocket's part in the cluster: its posts and their answers, the history that it reads, and what happens while it is slow. What all viewers get
/// comes from the room's <see cref="Subscribers"/>.
/// </summary>
/// <remarks>A child of its <see cref="EdgeRoomActor"/>. It never waits for the socket; <see cref="Viewer"/> says what a slow one gets.</remarks>
public sealed class ConnectionActor : UntypedActor
{
    private readonly RoomId _room;
    private readonly SharedRoomState _shared;
    private readonly EdgeContext _edge;
    private readonly IOutbox _outbox;
    private readonly Viewer _viewer;
    private readonly PostRate? _rate;
    private readonly ViolationWindow? _refusals;
    private readonly int _source;

    // Most connections only listen: what posts need is made with the first.
    private Dictionary<PostId, (long Since, long Deadline)>? _pending;
    private long _ticket;

    /// <summary>Posts acknowledged before the store had them; oldest first.</summary>
    private OrderedDictionary<PostId, Position>? _unsaved;

    /// <summary>The last position of the history that was sent, while there is more and the outbox is full.</summary>
    private (Position After, long Since)? _reading;
    private bool _hasLeft;

    /// <summary>The newest accepted danmaku of its own.</summary>
    private Position _own;

    /// <summary>The reason with which it is closed after it has been sent its own danmaku; null while it is not closing.</summary>
    private CloseReason? _closing;

    private List<Close>? _closers;
    private ICancelable? _closeNow;
    private ICancelable? _tick;
    private bool _isTickSoon;

    public ConnectionActor(RoomId room, SharedRoomState shared, JoinRequest request, Viewer viewer, IOutbox outbox, EdgeContext edge)
    {
        (_room, _shared, _edge, _viewer, _outbox) = (room, shared, edge, viewer, outbox);
        (_rate, _refusals, _source) = (request.Rate, request.Refusals, request.Source);
    }

    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Most posts of one connection that wait for their second acknowledgement; the oldest never get one.</summary>
    private const int MaxUnsaved = 1024;

    protected override void PreStart() => _edge.Metrics.ViewerJoined();

    protected override void PostStop()
    {
        _tick?.Cancel();
        _closeNow?.Cancel();
        _edge.PendingPosts.Add(-(_pending?.Count ?? 0));
        _edge.Metrics.ViewerLeft();
        TellClosers();
        if (!_hasLeft)
        {
            // Also a node that was put out of its cluster ends without having told its viewers: that is no bug.
            var isEnding = CoordinatedShutdown.Get(Context.System).ShutdownReason is not null;
            _outbox.Close(isEnding ? CloseReason.Restarting : CloseReason.InternalError);
        }
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case SendPost send:
                OnPost(send.Post);
                break;
            case RoomProtocol.PostAnswer answer:
                OnAnswer(answer);
                break;
            case MoreAfter more:
                _reading = (more.Position, _edge.Time.GetTimestamp());
                ReadOnWhenDrained();
                break;
            case Slow:
                TickSoon();
                break;
            case Fail fail:
                throw new InvalidOperationException("A viewer could not be sent what is for everybody.", fail.Error);
            case Leave:
                _hasLeft = true;
                Context.Stop(Self);
                break;
            case Close close:
                OnClose(close);
                break;
            case Reached:
            case CloseNow:
                FinishClosing();
                break;
            case Tick:
                OnTick();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Asks for the next page of history as soon as the outbox has place.</summary>
    private void ReadOnWhenDrained()
    {
        if (_reading is not var (after, since))
        {
            return;
        }

        if (_outbox.IsDrained)
        {
            _reading = null;
            Context.Parent.Tell(new ReadOn(after));
        }
        else if (_edge.Time.GetElapsedTime(since) > _edge.ViewerLimits.TooSlowAfter)
        {
            _viewer.Close(CloseReason.TooSlow);
        }
        else
        {
            TickSoon();
        }
    }

    private void OnPost(Post post)
    {
        if (_closing is not null)
        {
            return;
        }

        _pending ??= [];
        var pending = _pending.Count;
        if (pending >= _edge.ViewerLimits.MaxPendingPosts || _edge.PendingPosts.IsFull)
        {
            _edge.Metrics.Refused(RejectReason.Unavailable);
            if (post.Again)
            {
                _viewer.Tell(_viewer.Format.Unknown(post.Id));
            }
            else
            {
                TellRefused(post.Id, RejectReason.Unavailable, TimeSpan.FromSeconds(1));
            }

            return;
        }

        _pending[post.Id] = (_edge.Time.GetTimestamp(), post.Deadline);
        _edge.PendingPosts.Add(_pending.Count - pending);
        _ticket = _ticket == 0 ? _edge.Tickets.Next(_source) : _ticket;
        _edge.Forwarder.Tell(new PostForwarder.Send(_shared.Origin, new RoomProtocol.SubmitPost(_room, post, _shared.Epoch, _ticket)), Self);
        if (_tick is null)
        {
            TickAfter(_edge.ViewerLimits.PostDeadline);
        }
    }

    private void OnAnswer(RoomProtocol.PostAnswer answer)
    {
        if (answer.Reason is not null && _pending?.TryGetValue(answer.Id, out var copy) == true && copy.Deadline != answer.Deadline)
        {
            // A copy that was sent before: what becomes of the last one is still open.
            return;
        }

        if (!RemovePending(answer.Id))
        {
            // One answer for each post, and one more when the store has what it had not: others say nothing new.
            if (answer.IsDurable && !answer.Position.IsNone && _unsaved?.Remove(answer.Id) == true)
            {
                _viewer.Tell(_viewer.Format.Ack(answer.Id, answer.Position, isDurable: true));
            }
        }
        else if (answer.Reason is { } reason)
        {
            _edge.Metrics.Refused(reason);
            TellRefused(answer.Id, reason, answer.RetryAfter);
        }
        else if (answer.IsUnknown)
        {
            TellUnknown(answer.Id);
        }
        else
        {
            Acknowledge(answer);
        }

        CloseWhenAnswered();
    }

    private bool RemovePending(PostId id)
    {
        if (_pending?.Remove(id) != true)
        {
            return false;
        }

        _edge.PendingPosts.Add(-1);
        return true;
    }

    private void Acknowledge(RoomProtocol.PostAnswer answer)
    {
        _own = answer.Position > _own ? answer.Position : _own;
        AnswerSoon(_viewer.Format.Ack(answer.Id, answer.Position, answer.IsDurable));
        if (answer.IsRepeat)
        {
            _rate?.Return();
        }

        if (!answer.IsDurable)
        {
            _unsaved ??= [];
            _unsaved[answer.Id] = answer.Position;
            if (_unsaved.Count > MaxUnsaved)
            {
                _unsaved.RemoveAt(0);
            }
        }
    }

    /// <summary>Lets an acknowledgement wait for a batch that is about to go out anyway: one write instead of two.</summary>
    private void AnswerSoon(Frame? answer)
    {
        var waits = _shared.IsFlushDue && _viewer.IsLive;
        _viewer.Tell(answer, later: waits);
        if (waits && !_shared.IsFlushDue)
        {
            _viewer.Flush();
        }
    }

    /// <summary>The client will send the post again, and does not pay for it twice.</summary>
    private void TellUnknown(PostId id)
    {
        _viewer.Tell(_viewer.Format.Unknown(id));
        _rate?.Return();
        Strike(CloseReason.NotKnownWhetherPosted);
    }

    private void TellRefused(PostId id, RejectReason reason, TimeSpan? retryAfter)
    {
        _viewer.Tell(_viewer.Format.Reject(id, reason, retryAfter));
        if (_refusals is not null)
        {
            Strike(CloseReason.NotPosted(reason));
        }
    }

    // Before a connection closes, its viewer gets its own accepted danmaku.

    /// <summary>In a format without a word for a refusal, the refusal closes the connection.</summary>
    private void Strike(CloseReason reason)
    {
        if (_refusals?.Strike() == true)
        {
            BeginClosing(reason);
            CloseWhenAnswered();
        }
    }

    private void OnClose(Close close)
    {
        (_closers ??= []).Add(close);
        BeginClosing(close.Reason);
        CloseWhenAnswered();
    }

    private void BeginClosing(CloseReason reason)
    {
        if (_closing is null)
        {
            _closing = reason;
            _closeNow = Context.System.Scheduler.ScheduleTellOnceCancelable(_edge.ViewerLimits.PostDeadline, Self, CloseNow.Instance, ActorRefs.NoSender);
        }
    }

    private void CloseWhenAnswered()
    {
        if (_closing is null || _pending is { Count: > 0 })
        {
            return;
        }

        if (_own.IsNone)
        {
            FinishClosing();
        }
        else
        {
            Context.Parent.Tell(new Reach(_own));
        }
    }

    private void FinishClosing()
    {
        _viewer.Close(_closing!);
        TellClosers();
    }

    private void TellClosers()
    {
        _closers?.ForEach(close => close.Done.TrySetResult());
        _closers = null;
    }

    /// <summary>Handles what is overdue: a slow socket, and posts that the origin has not answered.</summary>
    private void OnTick()
    {
        // It may be one that came too late to be cancelled.
        EndTick();
        _viewer.CatchUp();
        var nextOverdue = ForgetOverdue();
        CloseWhenAnswered();
        ReadOnWhenDrained();
        if (_viewer.IsSlow)
        {
            TickSoon();
        }
        else if (nextOverdue is { } wait && _tick is null)
        {
            TickAfter(wait);
        }
    }

    /// <returns>How long until the next post is overdue; null when none waits for its answer.</returns>
    private TimeSpan? ForgetOverdue()
    {
        if (_pending is not { Count: > 0 })
        {
            return null;
        }

        var oldest = TimeSpan.Zero;
        foreach (var (id, (since, _)) in _pending)
        {
            var age = _edge.Time.GetElapsedTime(since);
            if (age >= _edge.ViewerLimits.PostDeadline)
            {
                RemovePending(id);
                TellUnknown(id);
            }
            else if (age > oldest)
            {
                oldest = age;
            }
        }

        return _pending.Count > 0 ? _edge.ViewerLimits.PostDeadline - oldest : null;
    }

    private void TickSoon()
    {
        if (!_isTickSoon)
        {
            EndTick();
            TickAfter(TickEvery);
            _isTickSoon = true;
        }
    }

    private void TickAfter(TimeSpan wait) =>
        _tick = Context.System.Scheduler.ScheduleTellOnceCancelable(wait, Self, Tick.Instance, ActorRefs.NoSender);

    private void EndTick()
    {
        _tick?.Cancel();
        (_tick, _isTickSoon) = (null, false);
    }

    /// <summary>Makes the actor without reflection.</summary>
    internal sealed class Producer(RoomId room, SharedRoomState shared, JoinRequest request, Viewer viewer, IOutbox outbox, EdgeContext edge) : IIndirectActorProducer
    {
        public Type ActorType => typeof(ConnectionActor);

        public ActorBase Produce() => new ConnectionActor(room, shared, request, viewer, outbox, edge);

        public void Release(ActorBase actor)
        {
        }
    }

    /// <summary>The viewer has been sent a page of what it missed, up to <paramref name="Position"/>, and there is more.</summary>
    public sealed record MoreAfter(Position Position) : INoSerializationVerificationNeeded;

    /// <summary>To the room: the viewer has been sent everything up to <paramref name="After"/>, and has place for more.</summary>
    public sealed record ReadOn(Position After) : INoSerializationVerificationNeeded;

    /// <summary>To the room: answered with <see cref="Reached"/> when everything up to <paramref name="Position"/> has been sent.</summary>
    public sealed record Reach(Position Position) : INoSerializationVerificationNeeded;

    /// <summary>The answer.</summary>
    public sealed record Reached : INoSerializationVerificationNeeded
    {
        public static readonly Reached Instance = new();
    }

    /// <summary>From the socket: close it after the viewer has got its own accepted danmaku. Safe to repeat; the first reason counts.</summary>
    public sealed record Close(CloseReason Reason) : INoSerializationVerificationNeeded
    {
        /// <summary>Ends when it is closed.</summary>
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed record CloseNow : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static readonly CloseNow Instance = new();
    }

    /// <summary>From the socket's read loop: the viewer posts. Answered through the outbox.</summary>
    public sealed record SendPost(Post Post) : INoSerializationVerificationNeeded;

    /// <summary>The viewer's outbox has overflowed.</summary>
    public sealed record Slow : INoSerializationVerificationNeeded
    {
        public static readonly Slow Instance = new();
    }

    /// <summary>Writing to the viewer's outbox has thrown: a bug, that ends this viewer alone.</summary>
    public sealed record Fail(Exception Error) : INoSerializationVerificationNeeded;

    /// <summary>From the socket's end: it is gone. Safe to repeat.</summary>
    public sealed record Leave : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static readonly Leave Instance = new();
    }

    /// <summary>Handle what is overdue.</summary>
    public sealed record Tick : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static readonly Tick Instance = new();
    }
}
