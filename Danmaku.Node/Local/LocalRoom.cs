using System.Threading.Channels;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Core.Wire;
using Danmaku.Node.Observability;
using Danmaku.Node.Options;

namespace Danmaku.Node.Local;

/// <summary>One room without a cluster: a loop that owns the room's origin and its only edge.</summary>
/// <remarks>
/// Whoever wants something queues a step. The queue has no bound of its own: posts are counted, and beside them there are one coming
/// and one going of each connection, and a timer.
/// </remarks>
internal sealed class LocalRoom
{
    /// <summary>Most posts that wait; more are refused with <see cref="RejectReason.RoomBusy"/>.</summary>
    private const int MaxWaitingPosts = 4096;

    /// <summary>So many danmaku go out before their time.</summary>
    private const int MaxBatch = 512;

    private static readonly TimeSpan CountEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CatchUpEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan BusyRetryAfter = TimeSpan.FromSeconds(1);

    private readonly Channel<Action> _steps = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly LocalRooms _rooms;
    private readonly NodeSettings _settings;
    private readonly DanmakuMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ViewerLimits _viewerLimits;
    private readonly Room _origin;
    private readonly EdgeRoom _edge;
    private readonly HashSet<Viewer> _viewers = [];
    private readonly List<Comment> _accepted = [];
    private readonly FanoutPace _flushPace;
    private readonly FlushPace _countPace;
    private readonly FlushPace _catchUpPace;
    private readonly ITimer _timer;
    private int _waitingPosts;
    private int _toldCount;
    private bool _hasSlow;
    private bool _isBroken;
    private long _emptySince;

    public LocalRoom(
        RoomId id, RoomOpening opening, LocalRooms rooms, FanoutLoad fanout, NodeSettings settings, DanmakuMetrics metrics, TimeProvider time, ILogger logger)
    {
        (Id, _rooms, _settings, _metrics, _time, _logger) = (id, rooms, settings, metrics, time, logger);
        var limits = settings.Room.ToLimits(settings.Store);
        _viewerLimits = settings.Connection.ToLimits();
        _origin = new Room(opening, limits, time);
        _edge = new EdgeRoom(limits);
        _edge.Attached(_origin.Head, []);
        _flushPace = new FanoutPace(fanout, time);
        _countPace = new FlushPace(CountEvery, time);
        _catchUpPace = new FlushPace(CatchUpEvery, time);
        _emptySince = time.GetTimestamp();
        _timer = time.CreateTimer(_ => _steps.Writer.TryWrite(static () => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public RoomId Id { get; }

    /// <summary>Whether nobody is here and nothing waits. For the room's own loop.</summary>
    public bool IsIdle => _viewers.Count == 0 && !_steps.Reader.TryPeek(out _);

    /// <summary>Starts the loop.</summary>
    public void Start() => _ = Task.Run(RunAsync);

    public IViewer Join(JoinRequest join, IOutbox outbox)
    {
        var viewer = new Viewer(join.Format, outbox, _viewerLimits, _time);
        _steps.Writer.TryWrite(() => Begin(viewer, join));
        return new Member(this, viewer, outbox);
    }

    /// <summary>Where the room is, after all that was asked of it before.</summary>
    public Task<Position?> TopAsync()
    {
        var answer = new TaskCompletionSource<Position?>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _steps.Writer.TryWrite(() => answer.SetResult(_origin.Top)) ? answer.Task : Task.FromResult<Position?>(null);
    }

    public Task<PostResult> PostAsync(Post post)
    {
        var answer = new TaskCompletionSource<PostResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        return TryPost(post, answer.SetResult) ? answer.Task : Task.FromResult<PostResult>(Refuse(RejectReason.RoomBusy, BusyRetryAfter));
    }

    private bool TryPost(Post post, Action<PostResult> answer)
    {
        if (Interlocked.Increment(ref _waitingPosts) > MaxWaitingPosts)
        {
            Interlocked.Decrement(ref _waitingPosts);
            return false;
        }

        return _steps.Writer.TryWrite(() =>
        {
            Interlocked.Decrement(ref _waitingPosts);
            answer(Post(post));
        });
    }

    private async Task RunAsync()
    {
        _metrics.OriginRoomOpened();
        _metrics.EdgeRoomOpened();
        try
        {
            while (!IsOver())
            {
                WakeWhenDue();
                await _steps.Reader.WaitToReadAsync().ConfigureAwait(false);
                RunSteps();
            }
        }
        catch (Exception error)
        {
            _logger.RoomFailed(error, Id.Value);
            Break();
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        _metrics.OriginRoomClosed();
        _metrics.EdgeRoomClosed();
    }

    private void RunSteps()
    {
        while (_steps.Reader.TryRead(out var step))
        {
            step();
            if (!_isBroken)
            {
                DoWhatIsDue();
            }
        }
    }

    private bool IsOver() =>
        _viewers.Count == 0 && _time.GetElapsedTime(_emptySince) >= _settings.Room.IdleAfter && _rooms.TryForget(this);

    private void DoWhatIsDue()
    {
        if (_accepted.Count > 0 && (_flushPace.Wait() == TimeSpan.Zero || _accepted.Count >= MaxBatch))
        {
            Flush();
        }

        if (_viewers.Count != _toldCount && _countPace.Wait == TimeSpan.Zero)
        {
            TellCount();
        }

        if (_hasSlow && _catchUpPace.Wait == TimeSpan.Zero)
        {
            CatchUp();
        }
    }

    private void WakeWhenDue()
    {
        var due = _settings.Room.IdleAfter;
        due = _accepted.Count > 0 && _flushPace.Wait() < due ? _flushPace.Wait() : due;
        due = _viewers.Count != _toldCount && _countPace.Wait < due ? _countPace.Wait : due;
        due = _hasSlow && _catchUpPace.Wait < due ? _catchUpPace.Wait : due;
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    private void Begin(Viewer viewer, JoinRequest join)
    {
        if (_isBroken)
        {
            viewer.Close(CloseReason.InternalError);
            return;
        }

        // What has been accepted is news to those already here, and history to this one.
        Flush();
        var start = _edge.Join(join.Last, join.History);
        _viewers.Add(viewer);
        _metrics.ViewerJoined();
        var (node, heartbeat) = (_settings.Node.NodeName, _settings.Connection.Heartbeat);
        viewer.Begin(new Welcome(Id, node, join.Name, start.Position, _edge.Top, start.IsLost, _viewers.Count, heartbeat), start.Batches);
        while (start.HasMore)
        {
            start = _edge.Join(start.Batches[^1].Last, 0);
            viewer.Deliver(start.Batches);
        }

        _hasSlow |= viewer.IsSlow;
    }

    private void Leave(Viewer viewer)
    {
        if (_viewers.Remove(viewer))
        {
            _metrics.ViewerLeft();
            _emptySince = _time.GetTimestamp();
        }
    }

    private PostResult Post(Post post)
    {
        if (_isBroken)
        {
            return Refuse(RejectReason.Unavailable, BusyRetryAfter);
        }

        var result = _origin.Post(post);
        switch (result)
        {
            case PostResult.Accepted accepted:
                // There is no store: what is in memory is all there will ever be.
                _origin.Saved(accepted.Position.Offset);
                result = accepted with { State = PostState.Saved };
                _accepted.AddRange(_origin.TakePublished().SelectMany(batch => batch.Comments));
                _metrics.PostAccepted();
                _emptySince = _time.GetTimestamp();
                break;
            case PostResult.Rejected rejected:
                _metrics.Refused(rejected.Reason);
                break;
        }

        return result;
    }

    private PostResult.Rejected Refuse(RejectReason reason, TimeSpan retryAfter)
    {
        _metrics.Refused(reason);
        return new PostResult.Rejected(reason, retryAfter);
    }

    private void Flush()
    {
        if (_accepted.Count == 0)
        {
            return;
        }

        _flushPace.Begin();
        _edge.Slice(new Batch(_origin.Top.Epoch, _origin.Previous, [.. _accepted]));
        _accepted.Clear();
        var (count, bytes) = (_edge.ReadyCount, _edge.ReadyBytes);
        foreach (var delivery in _edge.Take().OfType<Delivery.Comments>())
        {
            Deliver(new DeliveryFrames(delivery.Batch));
        }

        _flushPace.End(count, bytes);
    }

    private void Deliver(DeliveryFrames frames)
    {
        var skipped = 0;
        foreach (var viewer in _viewers)
        {
            skipped += viewer.Deliver(frames.For(viewer.Format));
            _hasSlow |= viewer.IsSlow;
        }

        _metrics.Delivered(frames.Batch.Comments.Count * _viewers.Count - skipped);
        if (skipped > 0)
        {
            _metrics.Skipped(skipped);
        }
    }

    private void TellCount()
    {
        _toldCount = _viewers.Count;
        _countPace.Flushed();
        var frames = WireFormat.All.Select(format => format.Viewers(_toldCount)).ToArray();
        foreach (var viewer in _viewers)
        {
            viewer.Tell(frames[viewer.Format.Index]);
            _hasSlow |= viewer.IsSlow;
        }
    }

    private void CatchUp()
    {
        _catchUpPace.Flushed();
        _hasSlow = false;
        foreach (var viewer in _viewers)
        {
            viewer.CatchUp();
            _hasSlow |= viewer.IsSlow;
        }
    }

    /// <summary>After a bug: nobody is kept waiting, and who comes next gets a new room.</summary>
    private void Break()
    {
        _isBroken = true;
        _rooms.Forget(this);
        _steps.Writer.Complete();
        RunSteps();
        foreach (var viewer in _viewers)
        {
            viewer.Close(CloseReason.InternalError);
            _metrics.ViewerLeft();
        }
    }

    private sealed class Member(LocalRoom room, Viewer viewer, IOutbox outbox) : IViewer
    {
        public void Post(Post post)
        {
            if (!room.TryPost(post, result => viewer.Tell(Answer(post.Id, result)))
                && Answer(post.Id, room.Refuse(RejectReason.RoomBusy, BusyRetryAfter)) is { } refusal)
            {
                outbox.TryWrite(refusal);
            }
        }

        public void Leave() => room._steps.Writer.TryWrite(() => room.Leave(viewer));

        private Frame? Answer(PostId id, PostResult result) => result switch
        {
            PostResult.Accepted accepted => viewer.Format.Ack(id, accepted.Position, true),
            PostResult.Repeated repeated => viewer.Format.Ack(id, repeated.Position, true),
            PostResult.Rejected rejected => viewer.Format.Reject(id, rejected.Reason, rejected.RetryAfter),
            _ => null,
        };
    }
}
