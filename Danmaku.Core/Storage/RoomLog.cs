using Danmaku.Core.Rooms;

namespace Danmaku.Core.Storage;

/// <summary>One danmaku as stores keep it.</summary>
/// <param name="Previous">Where the epoch before its own ended.</param>
public readonly record struct LogEntry(long Epoch, Position Previous, PostId Id, Comment Comment)
{
    public Position Position => new(Epoch, Comment.Offset);

    /// <summary>The position that only this one follows.</summary>
    public Position Before =>
        Comment.Offset > 1 ? new Position(Epoch, Comment.Offset - 1) : Previous.IsNone ? new Position(Epoch, 0) : Previous;
}

/// <summary>Rules that all stores share.</summary>
public static class RoomLog
{
    /// <summary>
    /// How long a store keeps a room after its last danmaku has gone. Until then the room's owner can still write, and its next owner knows
    /// what the new epoch follows.
    /// </summary>
    public static readonly TimeSpan EmptyRoomAge = TimeSpan.FromDays(30);

    /// <summary>The least that <see cref="Comment.Bytes"/> can be. It bounds how many danmaku a page of so many bytes can hold.</summary>
    private static readonly int LeastBytes = new Comment(1, 0, "", "", CommentStyle.Default, null).Bytes;

    /// <summary>The epoch that begins now: see <see cref="Epochs"/>.</summary>
    /// <param name="stored">The room's epoch so far; 0 when it never had one.</param>
    public static long NextEpoch(long stored, OpenRequest request) =>
        Epochs.Next(Math.Max(stored, request.KnownEpoch), request.Now);

    /// <summary>Most danmaku that a page can need; it has at least one, however large.</summary>
    public static int MaxEntries(int maxComments, int maxBytes) => Math.Min(maxComments, Math.Max(1, maxBytes / LeastBytes));

    /// <summary>Takes a page from the beginning of what follows a position.</summary>
    public static IReadOnlyList<Batch> Page(IEnumerable<LogEntry> entries, int maxComments, int maxBytes)
    {
        var page = new List<LogEntry>();
        var bytes = 0L;
        foreach (var entry in entries)
        {
            bytes += entry.Comment.Bytes;
            if (page.Count == maxComments || (page.Count > 0 && bytes > maxBytes))
            {
                break;
            }

            page.Add(entry);
        }

        return Batches(page);
    }

    /// <summary>Batches of one epoch each.</summary>
    public static IReadOnlyList<Batch> Batches(IReadOnlyList<LogEntry> entries)
    {
        var batches = new List<Batch>();
        for (var from = 0; from < entries.Count;)
        {
            var first = entries[from];
            var comments = new List<Comment>();
            for (; from < entries.Count && entries[from].Epoch == first.Epoch; from++)
            {
                comments.Add(entries[from].Comment);
            }

            batches.Add(new Batch(first.Epoch, first.Previous, comments));
        }

        return batches;
    }

    /// <summary>Makes the answer to opening a room.</summary>
    /// <param name="last">The position of the last danmaku ever, or of the beginning.</param>
    /// <param name="history">The newest danmaku, oldest first.</param>
    /// <param name="posts">Those whose ids are wanted, oldest first.</param>
    public static RoomOpening Opening(
        long epoch,
        Position previous,
        Position last,
        long lastTime,
        IReadOnlyList<LogEntry> history,
        IReadOnlyList<(PostId Id, Position Position, long Time)> posts) =>
        new(epoch, previous, lastTime, history.Count == 0 ? last : history[0].Before, Batches(history), posts);

    /// <summary>Finds the position after which <paramref name="keep"/> danmaku come, without counting them.</summary>
    /// <param name="last">The position of the last danmaku.</param>
    /// <param name="previous">Where the epoch before an epoch ended; <see cref="Position.None"/> where nobody knows.</param>
    /// <returns><see cref="Position.None"/> when there are not so many.</returns>
    public static Position Surplus(Position last, long keep, Func<long, Position> previous)
    {
        while (last.Offset <= keep)
        {
            keep -= last.Offset;
            last = previous(last.Epoch);
            if (last.Offset == 0)
            {
                return Position.None;
            }
        }

        return last with { Offset = last.Offset - keep };
    }

    /// <summary>Whether an append leaves no hole after what a room has. It leaves one when the store was set back to an earlier state.</summary>
    /// <param name="last">The position of the room's last danmaku.</param>
    public static bool Follows(RoomAppend append, Position last) =>
        append.Comments[0].Comment.Offset <= 1 + (last.Epoch == append.Epoch ? last.Offset : 0);

    /// <summary>Checks that appends are as <see cref="IRoomStore.AppendAsync"/> demands.</summary>
    /// <exception cref="ArgumentException">A room is there twice, or an append is empty or has a hole.</exception>
    public static void Check(IReadOnlyList<RoomAppend> appends)
    {
        var rooms = new HashSet<RoomId>();
        foreach (var append in appends)
        {
            if (!rooms.Add(append.Room) || append.Comments.Count == 0)
            {
                throw new ArgumentException($"Twice or empty: {append.Room}", nameof(appends));
            }

            var offset = append.Comments[0].Comment.Offset;
            for (var i = 0; i < append.Comments.Count; i++)
            {
                if (offset < 1 || append.Comments[i].Comment.Offset != offset + i)
                {
                    throw new ArgumentException($"A hole in {append.Room}", nameof(appends));
                }
            }
        }
    }
}
