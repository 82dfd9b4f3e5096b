using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;
using Danmaku.Core.Storage;

namespace Danmaku.Node.History;

/// <summary>The segments of a room at a moment, oldest first.</summary>
internal sealed record HistoryIndex(Position Head, IReadOnlyList<Segment> Segments, IReadOnlyList<bool> IsSealed, IReadOnlyList<Revision> Revisions);

/// <summary>One segment as it is in the store.</summary>
internal sealed record SegmentContent(Segment Segment, bool IsSealed, IReadOnlyList<Comment> Comments);

/// <summary>Reads rooms from the store in segments. Thread-safe.</summary>
/// <remarks>
/// Remembers the segments of a room, so that the next index reads only what is new. Beyond <see cref="MaxRooms"/> the least recently used room is forgotten,
/// and read again when it is requested.
/// </remarks>
/// <param name="maxPages">Most pages that one request reads. A longer log needs several requests.</param>
internal sealed class RoomHistory(IRoomReader store, int maxPages = RoomHistory.DefaultMaxPages)
{
    public const int MaxRooms = 1000;

    public const int DefaultMaxPages = 200;

    private const int PageComments = 1000;

    private const int PageBytes = 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<RoomId, LinkedListNode<IndexedRoom>> _rooms = [];
    private readonly LinkedList<IndexedRoom> _used = new();

    /// <returns>Null when the room is unknown.</returns>
    /// <exception cref="TimeoutException">The log is long and not all of it is read yet: the next request goes on.</exception>
    public async Task<HistoryIndex?> IndexAsync(RoomId room, CancellationToken cancellation)
    {
        // Read before the log: an epoch that has ended now is complete in what is read afterwards.
        if (await store.ExtentAsync(room, cancellation) is not { } extent)
        {
            return null;
        }

        var indexed = Use(room);
        await indexed.Gate.WaitAsync(cancellation);
        try
        {
            await ReadOnAsync(indexed, extent, cancellation);
            Segment[] segments = [.. indexed.Log.Segments.SkipWhile(segment => !Segment.IsWhole(segment.First, extent.Start))];
            bool[] isSealed = [.. segments.Select(segment => indexed.Log.IsSealed(segment, extent.Epoch))];
            return new HistoryIndex(indexed.Log.Through.IsNone ? extent.Last : indexed.Log.Through, segments, isSealed, extent.Revisions);
        }
        finally
        {
            indexed.Gate.Release();
        }
    }

    /// <summary>Checks whether a segment may have this name now, without reading the segment.</summary>
    public async Task<RoomExtent?> FindAsync(RoomId room, long epoch, SegmentName name, CancellationToken cancellation)
    {
        var first = new Position(epoch, name.First);
        return await store.ExtentAsync(room, cancellation) is { } extent
            && Segment.IsWhole(first, extent.Start)
            && first <= extent.Last
            && (name.Last is not { } last || Revision.Of(new Segment(first, last, 0, 0), extent.Revisions) == name.Revision)
                ? extent
                : null;
    }

    /// <summary>Reads one segment.</summary>
    /// <param name="extent">The result of <see cref="FindAsync"/>.</param>
    /// <returns>Null when there is no segment of that name.</returns>
    public async Task<SegmentContent?> ReadAsync(RoomId room, RoomExtent extent, long epoch, SegmentName name, CancellationToken cancellation)
    {
        var first = new Position(epoch, name.First);
        var at = first with { Offset = first.Offset - (Segment.IsAligned(first.Offset) ? 1 : 2) };
        var (log, comments) = (new SegmentLog(), new List<Comment>());
        Segment? found;
        do
        {
            if (await store.ReadAsync(room, at, Segment.MaxComments + 2, PageBytes, cancellation) is not { } page)
            {
                return null;
            }

            foreach (var batch in page)
            {
                log.Add(batch);
                comments.AddRange(batch.Epoch == epoch ? batch.Comments : []);
            }

            found = log.Segments.Where(segment => segment.First == first).Cast<Segment?>().FirstOrDefault();
            if (page.Count == 0)
            {
                break;
            }

            at = log.Through;
        }
        while (found is { IsFull: false } open ? open.End == at : found is null && at < first);

        return found is { } segment ? ContentOf(segment, log, extent, name, comments) : null;
    }

    private static SegmentContent? ContentOf(Segment segment, SegmentLog log, RoomExtent extent, SegmentName name, List<Comment> comments)
    {
        var isSealed = log.IsSealed(segment, extent.Epoch);
        var isNamed = name.Last is { } last ? isSealed && segment.Last == last : Revision.Of(segment, extent.Revisions) == name.Revision;
        return isNamed
            ? new SegmentContent(
                segment, isSealed, [.. comments.Where(comment => comment.Offset >= segment.First.Offset && comment.Offset <= segment.Last)])
            : null;
    }

    private async Task ReadOnAsync(IndexedRoom room, RoomExtent extent, CancellationToken cancellation)
    {
        if (room.Log.Through > extent.Last || room.Log.Through < extent.Start)
        {
            // The store was restored from a backup, or has deleted what followed.
            room.Log = new SegmentLog();
        }

        for (var pages = 0; room.Log.Through < extent.Last; pages++)
        {
            if (pages == maxPages)
            {
                throw new TimeoutException("The room's log is long; it is being read.");
            }

            var after = room.Log.Through > extent.Start ? room.Log.Through : extent.Start;
            if (await store.ReadAsync(room.Id, after, PageComments, PageBytes, cancellation) is not { Count: > 0 } page)
            {
                break;
            }

            foreach (var batch in page)
            {
                room.Log.Add(batch);
            }
        }

        room.Log.Forget(extent.Start);
    }

    private IndexedRoom Use(RoomId room)
    {
        lock (_lock)
        {
            if (_rooms.TryGetValue(room, out var node))
            {
                _used.Remove(node);
            }
            else
            {
                _rooms.Add(room, node = new LinkedListNode<IndexedRoom>(new IndexedRoom(room)));
            }

            _used.AddLast(node);
            if (_rooms.Count > MaxRooms)
            {
                _rooms.Remove(_used.First!.Value.Id);
                _used.RemoveFirst();
            }

            return node.Value;
        }
    }

    /// <summary>The known segments of a room; callers must hold its gate.</summary>
    private sealed class IndexedRoom(RoomId id)
    {
        public RoomId Id => id;

        public SemaphoreSlim Gate { get; } = new(1);

        public SegmentLog Log { get; set; } = new();
    }
}
