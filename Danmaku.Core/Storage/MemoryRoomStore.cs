using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;

namespace Danmaku.Core.Storage;

/// <summary>Keeps rooms in memory: nothing outlives the process. Every call is done when it returns.</summary>
/// <remarks>
/// Thread-safe. Bounded besides <see cref="Retention"/>: beyond <paramref name="maxBytes"/> the oldest danmaku of the room that was
/// written longest ago go, beyond <paramref name="maxRooms"/> the room that was written or opened longest ago goes entirely.
/// </remarks>
/// <param name="random">Makes the store's id.</param>
/// <param name="maxBytes">Of <see cref="Comment.Bytes"/> and what an entry takes besides.</param>
public sealed class MemoryRoomStore(
    Random random, long maxBytes = MemoryRoomStore.DefaultMaxBytes, int maxRooms = MemoryRoomStore.DefaultMaxRooms) : IRoomStore
{
    public const long DefaultMaxBytes = 256L << 20;

    public const int DefaultMaxRooms = 100_000;

    /// <summary>Most danmaku that one call of <see cref="TrimAsync"/> forgets.</summary>
    private const int MaxTrimmed = 2000;

    /// <summary>Bytes that an entry takes besides its danmaku, about.</summary>
    private const int EntryBytes = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<RoomId, Log> _logs = [];

    private readonly Dictionary<string, byte[]> _secrets = [];

    /// <summary>All rooms; the one written or opened longest ago is the first.</summary>
    private readonly LinkedList<Log> _used = new();

    /// <summary>Rooms that have danmaku; the one written longest ago is the first.</summary>
    private readonly LinkedList<Log> _written = new();

    private long _bytes;

    public StoreIdentity Identity { get; } = new("memory", NewId(random), IsShared: false);

    public int Lanes => 1;

    public Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation) =>
        Locked(() => Open(room, request), cancellation);

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation) =>
        Locked<IReadOnlyList<bool>>(() => Append(appends), cancellation);

    public Task<IReadOnlyList<Batch>?> ReadAsync(
        RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
        Locked(
            () => _logs.TryGetValue(room, out var log) && after >= log.Start
                ? RoomLog.Page(log.After(after), maxComments, maxBytes)
                : null,
            cancellation);

    public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) =>
        Locked(
            () => _logs.TryGetValue(room, out var log) ? new RoomExtent(log.Epoch, log.Start, log.Last, Revision.After(log.Revisions, log.Start)) : null,
            cancellation);

    public Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation) =>
        Locked(() => _logs.TryGetValue(room, out var log) ? log.Revise(from, through) : (long?)null, cancellation);

    public Task<StoreClock> ReadClockAsync(CancellationToken cancellation) => Task.FromResult(new StoreClock(null, null));

    public Task<ReadOnlyMemory<byte>> SecretAsync(string name, CancellationToken cancellation) => Locked(
        () =>
        {
            // Not by the source of chance, which need not be one that nobody can guess.
            ref var secret = ref CollectionsMarshal.GetValueRefOrAddDefault(_secrets, name, out var isKnown);
            secret = isKnown ? secret : RandomNumberGenerator.GetBytes(IRoomStore.SecretBytes);
            return (ReadOnlyMemory<byte>)secret;
        },
        cancellation);

    public Task<bool> TrimAsync(Retention retention, long now, CancellationToken cancellation) =>
        Locked(() => Trim(retention, now), cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static string NewId(Random random)
    {
        UInt128 id = 0;
        random.NextBytes(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref id, 1)));
        return id.ToString("x32", CultureInfo.InvariantCulture);
    }

    private Task<T> Locked<T>(Func<T> call, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellation);
        }

        lock (_lock)
        {
            try
            {
                return Task.FromResult(call());
            }
            catch (ArgumentException error)
            {
                return Task.FromException<T>(error);
            }
        }
    }

    private RoomOpening Open(RoomId room, OpenRequest request)
    {
        if (_logs.TryGetValue(room, out var log))
        {
            (log.Epoch, log.Previous) = (RoomLog.NextEpoch(log.Epoch, request), log.Last);
        }
        else
        {
            log = new Log(room, RoomLog.NextEpoch(0, request));
            _logs.Add(room, log);
        }

        log.OpenedAt = request.Now;
        MoveToEnd(_used, log.Used);
        while (_logs.Count > maxRooms)
        {
            Forget(_used.First!.Value);
        }

        return RoomLog.Opening(
            log.Epoch,
            log.Previous,
            log.Last,
            log.LastTime,
            log.Newest(request.History),
            log.Posts(request.Since(log.LastTime), request.MaxIds));
    }

    private bool[] Append(IReadOnlyList<RoomAppend> appends)
    {
        RoomLog.Check(appends);
        var kept = new bool[appends.Count];
        for (var i = 0; i < kept.Length; i++)
        {
            var append = appends[i];
            kept[i] = _logs.TryGetValue(append.Room, out var log) && log.Epoch == append.Epoch && RoomLog.Follows(append, log.Last);
            if (kept[i])
            {
                Append(append, log!);
            }
        }

        while (_bytes > maxBytes && _written.First is { } oldest)
        {
            Remove(oldest.Value, 1);
        }

        return kept;
    }

    private void Append(RoomAppend append, Log log)
    {
        foreach (var (id, comment) in append.Comments)
        {
            if (new Position(append.Epoch, comment.Offset) > log.Last)
            {
                log.Add(new LogEntry(append.Epoch, log.Previous, id, comment));
                _bytes += Bytes(comment);
                _bytes -= comment.Recall is { } recall ? log.Withdraw(recall) : 0;
            }
        }

        MoveToEnd(_used, log.Used);
        if (log.Count > 0)
        {
            MoveToEnd(_written, log.Written);
        }
    }

    private bool Trim(Retention retention, long now)
    {
        var (oldest, oldestRoom, young, latest) = (retention.Oldest(now), retention.OldestRoom(now), retention.Young(now), Retention.Latest(now));
        var budget = MaxTrimmed;
        foreach (var log in _logs.Values.ToList())
        {
            var surplus = log.CountSurplus(Math.Min(log.Count - retention.MaxComments, budget), young, latest);
            var removed = Math.Max(log.CountOld(budget, oldest, latest), surplus);
            Remove(log, removed);
            budget -= removed;
            if (log.Count == 0 && Math.Max(log.OpenedAt, log.LastTime) < oldestRoom)
            {
                Forget(log);
            }
        }

        return budget == 0;
    }

    /// <summary>Removes a room's oldest danmaku.</summary>
    private void Remove(Log log, int count)
    {
        for (; count > 0; count--)
        {
            _bytes -= Bytes(log.RemoveOldest());
        }

        if (log.Count == 0 && log.Written.List is not null)
        {
            _written.Remove(log.Written);
        }
    }

    private void Forget(Log log)
    {
        Remove(log, log.Count);
        _used.Remove(log.Used);
        _logs.Remove(log.Room);
    }

    private static int Bytes(Comment comment) => comment.Bytes + EntryBytes;

    private static void MoveToEnd(LinkedList<Log> list, LinkedListNode<Log> node)
    {
        if (node.List is not null)
        {
            list.Remove(node);
        }

        list.AddLast(node);
    }

    /// <summary>One room: the newest danmaku without holes, and where it begins and ends.</summary>
    private sealed class Log
    {
        private readonly SegmentedFifo<LogEntry> _entries = new();

        public Log(RoomId room, long epoch)
        {
            (Room, Epoch) = (room, epoch);
            Start = Last = new Position(epoch, 0);
            (Used, Written) = (new LinkedListNode<Log>(this), new LinkedListNode<Log>(this));
        }

        public RoomId Room { get; }

        public LinkedListNode<Log> Used { get; }

        public LinkedListNode<Log> Written { get; }

        public long Epoch { get; set; }

        public Position Previous { get; set; }

        public long OpenedAt { get; set; }

        public Position Start { get; private set; }

        public Position Last { get; private set; }

        public long LastTime { get; private set; }

        public IReadOnlyList<Revision> Revisions { get; private set; } = [];

        public int Count => _entries.Count;

        public long Revise(Position from, Position through)
        {
            Revisions = Revision.Add(Revision.After(Revisions, Start), from, through);
            return Revisions[^1].Number;
        }

        public void Add(LogEntry entry)
        {
            _entries.Enqueue(entry);
            (Last, LastTime) = (entry.Position, entry.Comment.Time);
        }

        /// <summary>Erases what the newest entry, a recall, takes back, and revises the part of the history that it touches.</summary>
        /// <returns>How many bytes that frees.</returns>
        public int Withdraw(Recall recall)
        {
            var freed = 0;
            Position? first = null, last = null;
            for (var i = recall is Recall.One one ? FirstWhere(entry => entry.Position >= one.Target) : 0; i < Count; i++)
            {
                var entry = _entries[i];
                if (entry.Comment.IsShown && recall.Covers(entry.Epoch, entry.Comment))
                {
                    (first, last) = (first ?? entry.Position, entry.Position);
                    var placeholder = entry.Comment.Recalled();
                    freed += entry.Comment.Bytes - placeholder.Bytes;
                    _entries[i] = entry with { Comment = placeholder };
                }

                if (recall is Recall.One)
                {
                    break;
                }
            }

            if (first is { } from && last is { } through)
            {
                Revise(from, through);
            }

            return freed;
        }

        public Comment RemoveOldest()
        {
            var oldest = _entries.Dequeue();
            Start = oldest.Position;
            return oldest.Comment;
        }

        public IEnumerable<LogEntry> After(Position position) => From(FirstWhere(entry => entry.Position > position));

        public List<LogEntry> Newest(int count) => [.. From(Count - count)];

        /// <summary>Reads from the newest backwards, up to the first that is too old.</summary>
        public List<(PostId Id, Position Position, long Time)> Posts(long since, int max)
        {
            var from = Count;
            while (from > Math.Max(0, Count - max) && _entries[from - 1].Comment.Time >= since)
            {
                from--;
            }

            return [.. From(from).Select(entry => (entry.Id, entry.Position, entry.Comment.Time))];
        }

        /// <summary>How many of the oldest danmaku are too old. One whose time is still to come counts with what follows it.</summary>
        public int CountOld(int most, long oldest, long latest)
        {
            var old = 0;
            for (var i = 0; i < Math.Min(most, Count) && (_entries[i].Comment.Time is var time) && (time < oldest || time > latest); i++)
            {
                old = time < oldest ? i + 1 : old;
            }

            return old;
        }

        /// <summary>How many of the oldest danmaku come before the first that is too young.</summary>
        public int CountSurplus(int most, long young, long latest)
        {
            var count = 0;
            while (count < most && (_entries[count].Comment.Time <= young || _entries[count].Comment.Time > latest))
            {
                count++;
            }

            return count;
        }

        /// <summary>The first entry for which a condition holds that holds for all after it; the end when there is none.</summary>
        private int FirstWhere(Func<LogEntry, bool> isTrue)
        {
            var (low, high) = (0, Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = isTrue(_entries[middle]) ? (low, middle) : (middle + 1, high);
            }

            return low;
        }

        private IEnumerable<LogEntry> From(int index)
        {
            for (var i = Math.Max(0, index); i < Count; i++)
            {
                yield return _entries[i];
            }
        }
    }
}
