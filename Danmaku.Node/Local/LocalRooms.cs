using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Core.Wire;
using Danmaku.Node.Options;

namespace Danmaku.Node.Local;

/// <summary>Rooms without a cluster: origin and edge of all of them are this process, and each is one plain loop.</summary>
internal sealed class LocalRooms(NodeSettings settings, DanmakuMetrics metrics, TimeProvider time, ILogger<LocalRooms> logger) : IRooms
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly Dictionary<RoomId, LocalRoom> _rooms = [];
    private readonly Lock _gate = new();
    private readonly FanoutLoad _fanout = new(settings.Room.FlushEvery, settings.Room.FlushAtLatest, Environment.ProcessorCount, time);
    private readonly int _maxRooms = Math.Min(settings.Room.MaxRoomsPerEdge, settings.Room.MaxRoomsPerOrigin);
    private long _lastEpoch;
    private volatile bool _isDraining;

    public bool HasEnded => false;

    public string? NotReady => null;

    public string? Impaired => null;

    public ClusterStatus Status => new(settings.Node.NodeName,
    [
        new ClusterMember(
            settings.Node.NodeName, "", settings.Node.RoleList, "Up", metrics.OriginRooms, metrics.Viewers)
        {
            PublicUrl = settings.Node.PublicUri,
            TakesViewers = settings.Node.IsEdge && !_isDraining,
        },
    ]);

    public void AnnounceDrain() => _isDraining = true;

    public Task<Position?> OpenAsync(RoomId room, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Open(room)?.TopAsync() ?? Task.FromResult<Position?>(null);
        }
    }

    public ValueTask<IViewer?> JoinAsync(JoinRequest join, IOutbox outbox, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (Open(join.Room) is { } room)
            {
                return new ValueTask<IViewer?>(room.Join(join, outbox));
            }
        }

        outbox.Close(CloseReason.TooManyRooms);
        return new ValueTask<IViewer?>((IViewer?)null);
    }

    public async Task<PostResult> PostAsync(RoomId room, Post post, CancellationToken cancellation)
    {
        Task<PostResult> answer;
        lock (_gate)
        {
            if (Open(room) is not { } open)
            {
                metrics.Refused(RejectReason.RoomLimit);
                return new PostResult.Rejected(RejectReason.RoomLimit, RetryAfter);
            }

            answer = open.PostAsync(post);
        }

        var left = TimeSpan.FromMilliseconds(Math.Max(0, post.Deadline - time.GetUtcNow().ToUnixTimeMilliseconds()));
        try
        {
            return await answer.WaitAsync(left, time, cancellation);
        }
        catch (TimeoutException)
        {
            return new PostResult.Unknown();
        }
    }

    /// <summary>Forgets a room, unless something has come for it in the meantime.</summary>
    /// <returns>Whether its loop is to end.</returns>
    public bool TryForget(LocalRoom room)
    {
        lock (_gate)
        {
            return room.IsIdle && _rooms.Remove(room.Id);
        }
    }

    /// <summary>Forgets a room whatever waits for it.</summary>
    public void Forget(LocalRoom room)
    {
        lock (_gate)
        {
            _rooms.Remove(room.Id);
        }
    }

    /// <summary>The room, opened if it was not; null when there are too many. What is given to it under the lock reaches it.</summary>
    private LocalRoom? Open(RoomId id)
    {
        if (_rooms.TryGetValue(id, out var room) || _rooms.Count >= _maxRooms)
        {
            return room;
        }

        _lastEpoch = Epochs.Next(_lastEpoch, time);
        room = new LocalRoom(id, RoomOpening.First(_lastEpoch), this, _fanout, settings, metrics, time, logger);
        _rooms.Add(id, room);
        room.Start();
        return room;
    }
}
