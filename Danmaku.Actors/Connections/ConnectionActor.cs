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
    private UnansweredPosts? _posts;
    private long _ticket;

    /// <summary>The last position of the history that was sent, while there is more and the outbox is full.</summary>
    private (Position After, long Since)? _reading;
    private bool _hasLeft;

    /// <summary>The newest accepted danmaku of its own.</summary>
    private Position _own;

    /// <summary>Null while it is not closing.</summary>
    private Closing? _closing;

    private ICancelable? _tick;
    private bool _isTickSoon;

    public ConnectionActor(RoomId room, SharedRoomState shared, JoinRequest request, Viewer viewer, IOutbox outbox, EdgeContext edge)
    {
        (_room, _shared, _edge, _viewer, _outbox) = (room, shared, edge, viewer, outbox);
        (_rate, _refusals, _source) = (request.Rate, request.Refusals, request.Source);
    }

    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(250);

    protected override void PreStart() => _edge.Metrics.ViewerJoined();

    protected override void PostStop()
    {
        _tick?.Cancel();
        _posts?.Clear();
        _edge.Metrics.ViewerLeft();
        _closing?.End();
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
                OnMoreAfter(more.Position);
                break;
            case Slow:
                TickSoon();
                break;
            case Fail fail:
                throw new InvalidOperationException("A viewer could not be sent what is for everybody.", fail.Error);
            case Leave:
                OnLeave();
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

    private void OnMoreAfter(Position position)
    {
        _reading = (position, _edge.Time.GetTimestamp());
        ReadOnWhenDrained();
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

    private void OnLeave()
    {
        _hasLeft = true;
        Context.Stop(Self);
    }

    private void OnPost(Post post)
    {
        if (_closing is not null)
        {
            return;
        }

        var limits = _edge.ViewerLimits;
        _posts ??= new UnansweredPosts(limits.MaxPendingPosts, limits.PostDeadline, _edge.PendingPosts, _edge.Time);
        if (_posts.IsFull)
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

        _posts.Add(post.Id, post.Deadline);
        _ticket = _ticket == 0 ? _edge.Tickets.Next(_source) : _ticket;
        _edge.Forwarder.Tell(new PostForwarder.Send(_shared.Origin, new RoomProtocol.SubmitPost(_room, post, _shared.Epoch, _ticket)), Self);
        if (_tick is null)
        {
            TickAfter(_edge.ViewerLimits.PostDeadline);
        }
    }

    private void OnAnswer(RoomProtocol.PostAnswer answer)
    {
        if (answer.Reason is { } reason)
        {
            if (_posts?.Refuse(answer.Id, answer.Deadline) == true)
            {
                _edge.Metrics.Refused(reason);
                TellRefused(answer.Id, reason, answer.RetryAfter);
            }
        }
        else if (!answer.IsUnknown)
        {
            Acknowledge(answer);
        }
        else if (_posts?.Forget(answer.Id) == true)
        {
            TellUnknown(answer.Id);
        }

        CloseWhenAnswered();
    }

    private void Acknowledge(RoomProtocol.PostAnswer answer)
    {
        switch (_posts?.Accept(answer.Id, answer.Position, answer.IsDurable))
        {
            case Acknowledgement.First:
                _own = answer.Position > _own ? answer.Position : _own;
                AnswerSoon(_viewer.Format.Ack(answer.Id, answer.Position, answer.IsDurable));
                if (answer.IsRepeat)
                {
                    _rate?.Return();
                }

                break;
            case Acknowledgement.Second:
                _viewer.Tell(_viewer.Format.Ack(answer.Id, answer.Position, isDurable: true));
                break;
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
        BeginClosing(close.Reason).Add(close);
        CloseWhenAnswered();
    }

    private Closing BeginClosing(CloseReason reason) => _closing ??= new Closing(
        reason,
        Context.System.Scheduler.ScheduleTellOnceCancelable(_edge.ViewerLimits.PostDeadline, Self, CloseNow.Instance, ActorRefs.NoSender));

    private void CloseWhenAnswered()
    {
        if (_closing is null || _posts is { Count: > 0 })
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
        _viewer.Close(_closing!.Reason);
        _closing.TellClosers();
    }

    /// <summary>Handles what is overdue: a slow socket, and posts that the origin has not answered.</summary>
    private void OnTick()
    {
        // It may be one that came too late to be cancelled.
        EndTick();
        _viewer.CatchUp();
        while (_posts?.TakeOverdue() is { } overdue)
        {
            TellUnknown(overdue);
        }

        CloseWhenAnswered();
        ReadOnWhenDrained();
        if (_viewer.IsSlow)
        {
            TickSoon();
        }
        else if (_tick is null && _posts?.UntilOverdue is { } wait)
        {
            TickAfter(wait);
        }
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
