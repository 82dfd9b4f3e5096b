using Akka.Actor;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Actors.Storage;

/// <summary>
/// Commits appends of many rooms together (group commit): appends that arrive during a commit share the next one. A commit that fails is tried again until the
/// store accepts it. An origin has one writer for each lane of its store.
/// </summary>
/// <remarks>A room has at most one append here, so the writer holds no more than the rooms of an origin may keep unsaved.</remarks>
public sealed class GroupCommitWriter : ReceiveActor, IWithTimers
{
    /// <summary>Most danmaku in one commit; the rest waits for the next.</summary>
    private const int MaxCommit = 4096;

    /// <summary>A commit that takes longer is given up and tried again: its connection may be dead.</summary>
    private static readonly TimeSpan CommitTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(1);

    private readonly IRoomStore _store;
    private readonly StoreHealth _health;
    private readonly TimeProvider _time;
    private readonly OrderedDictionary<RoomId, Waiting> _waiting = [];
    private readonly List<Waiting> _committing = [];
    private TimeSpan _retry = FirstRetry;

    public GroupCommitWriter(IRoomStore store, StoreHealth health, TimeProvider time)
    {
        (_store, _health, _time) = (store, health, time);

        Receive<RoomAppend>(OnAppend);
        Receive<CommitDone>(OnCommitDone);
        Receive<Status.Failure>(OnFailed);
        Receive<Retry>(_ => Commit());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private bool IsBusy => _committing.Count > 0 || Timers.IsTimerActive(nameof(Retry));

    private void OnAppend(RoomAppend append)
    {
        // Two lives of one room can only meet here when a new one has opened, and that has fenced the old.
        if (_waiting.Remove(append.Room, out var known) && known.Append.Epoch > append.Epoch)
        {
            _waiting.Add(append.Room, known);
            Sender.Tell(new Fenced(append.Epoch));
            return;
        }

        known?.Sender.Tell(new Fenced(known.Append.Epoch));
        _waiting.Add(append.Room, new Waiting(append, Sender));
        Commit();
    }

    private void Commit()
    {
        while (!IsBusy && TakeWaiting() is { Count: > 0 } appends)
        {
            var committed = CommitAsync(appends);
            if (!committed.IsCompletedSuccessfully)
            {
                committed.PipeTo(Self);
                return;
            }

            // A store that has it already, as one in memory has.
            Answer(committed.Result);
        }
    }

    private List<RoomAppend> TakeWaiting()
    {
        var (appends, comments) = (new List<RoomAppend>(), 0);
        foreach (var waiting in _waiting.Values)
        {
            comments += waiting.Append.Comments.Count;
            if (appends.Count > 0 && comments > MaxCommit)
            {
                break;
            }

            appends.Add(waiting.Append);
            _committing.Add(waiting);
        }

        foreach (var append in appends)
        {
            _waiting.Remove(append.Room);
        }

        return appends;
    }

    private async Task<CommitDone> CommitAsync(List<RoomAppend> appends)
    {
        using var timeout = new CancellationTokenSource(CommitTimeout, _time);
        var started = _time.GetTimestamp();
        var isCommitted = await _store.AppendAsync(appends, timeout.Token).ConfigureAwait(false);
        _health.Committed(_time.GetElapsedTime(started));
        return new CommitDone(isCommitted);
    }

    private void OnCommitDone(CommitDone done)
    {
        Answer(done);
        Commit();
    }

    private void Answer(CommitDone done)
    {
        for (var i = 0; i < _committing.Count; i++)
        {
            var (append, room) = _committing[i];
            room.Tell(done.IsCommitted[i] ? new Committed(append.Last) : new Fenced(append.Epoch));
        }

        _committing.Clear();
        _retry = FirstRetry;
    }

    private void OnFailed(Status.Failure failure)
    {
        _health.Failed(failure.Cause);
        foreach (var waiting in _committing)
        {
            // A newer life of the room may have come in the meantime.
            if (!_waiting.TryAdd(waiting.Append.Room, waiting))
            {
                waiting.Sender.Tell(new Fenced(waiting.Append.Epoch));
            }
        }

        _committing.Clear();
        Timers.StartSingleTimer(nameof(Retry), Retry.Instance, _retry);
        _retry = _retry * 2 < LastRetry ? _retry * 2 : LastRetry;
    }

    /// <summary>To the room: the store has its epoch up to <paramref name="Last"/>.</summary>
    public sealed record Committed(Position Last) : INoSerializationVerificationNeeded;

    /// <summary>To the room: the store accepts nothing more of <paramref name="Epoch"/>, since a later one has begun, or part of this one is lost.</summary>
    public sealed record Fenced(long Epoch) : INoSerializationVerificationNeeded;

    private sealed record Waiting(RoomAppend Append, IActorRef Sender);

    private sealed record CommitDone(IReadOnlyList<bool> IsCommitted) : INoSerializationVerificationNeeded;

    private sealed record Retry : INoSerializationVerificationNeeded
    {
        public static readonly Retry Instance = new();
    }
}
