using System.Buffers;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Rooms;

/// <summary>Crosses the network, by <see cref="Serialization.WireSerializer"/> and nothing else.</summary>
public interface IWireMessage;

/// <summary>Belongs to one room. To an origin it is routed by cluster sharding.</summary>
public interface IRoomMessage : IWireMessage
{
    RoomId Room { get; }
}

/// <summary>Everything a <see cref="RoomActor"/> receives from edges, and what it answers.</summary>
public static class RoomProtocol
{
    /// <summary>
    /// An edge has viewers of this room. Answered with <see cref="Attached"/>, <see cref="RangeGone"/> or
    /// <see cref="RoomRefused"/>. Safe to repeat, and repeated every 30 s so that origins forget edges that are gone.
    /// </summary>
    /// <param name="Have">What the edge is complete to; <see cref="Position.None"/> when it has nothing.</param>
    /// <param name="Viewers">People it has in this room.</param>
    /// <param name="Question">Given back in the answer.</param>
    public sealed record AttachEdge(RoomId Room, Position Have, int Viewers, long Question = 0) : IRoomMessage;

    /// <summary>The number of people changed. Not answered; safe to repeat.</summary>
    public sealed record EdgeViewers(RoomId Room, int Viewers) : IRoomMessage;

    /// <summary>The edge has no viewers any more. Not answered; safe to repeat.</summary>
    public sealed record DetachEdge(RoomId Room) : IRoomMessage;

    /// <summary>Danmaku that an edge misses. Answered with <see cref="Attached"/>, one page, or <see cref="RangeGone"/>; safe to repeat.</summary>
    public sealed record FetchRange(RoomId Room, MissingRange Range) : IRoomMessage;

    /// <summary>Somebody wants to say something. Answered with <see cref="PostAnswer"/>; safe to repeat.</summary>
    /// <param name="KnownEpoch">The newest epoch the edge knows of; a new origin begins after it.</param>
    /// <param name="Ticket">Given back in the answer; says also whom the post is from, see <see cref="Posts.PostTickets"/>.</param>
    public sealed record SubmitPost(RoomId Room, Post Post, long KnownEpoch, long Ticket = 0) : IRoomMessage
    {
        /// <summary>Nobody knows what became of it: it may be sent again with the same id.</summary>
        public PostAnswer Unknown() => new(Room, Post.Id, Position.None, null, null, Ticket: Ticket);

        public PostAnswer Refused(RejectReason reason, TimeSpan? retryAfter) =>
            new(Room, Post.Id, Position.None, reason, retryAfter, Deadline: Post.Deadline, Ticket: Ticket);
    }

    /// <summary>Where the room is, and what follows the position that was asked about, a page at most.</summary>
    /// <param name="Viewers">People in the room, over all edges.</param>
    /// <param name="Question">Of the <see cref="AttachEdge"/> that it answers; 0 for a fetch.</param>
    public sealed record Attached(RoomId Room, RoomHead Head, long Viewers, IReadOnlyList<Slice> Page, long Question = 0) : IRoomMessage;

    /// <summary>What follows <paramref name="Have"/> is gone, or was never here; the newest is.</summary>
    public sealed record RangeGone(RoomId Room, Position Have, RoomHead Head, long Viewers, IReadOnlyList<Slice> Newest, long Question = 0) : IRoomMessage;

    /// <summary>
    /// A viewer comes back with a position that is older than what its edge has. Answered with <see cref="HistoryPage"/> or
    /// <see cref="HistoryGone"/>; safe to repeat.
    /// </summary>
    /// <param name="KnownEpoch">The newest epoch the edge knows of.</param>
    public sealed record ReadHistory(RoomId Room, Position After, long KnownEpoch) : IRoomMessage;

    /// <summary>The first of what follows, a page at most.</summary>
    public sealed record HistoryPage(RoomId Room, Position After, IReadOnlyList<Slice> Page) : IRoomMessage;

    /// <summary>Something that followed has been forgotten, or never was.</summary>
    public sealed record HistoryGone(RoomId Room, Position After) : IRoomMessage;

    /// <summary>What became of a post. A second one follows when the first said that it is not durable yet.</summary>
    /// <param name="Position">Its place; none when it was refused, or when nobody knows.</param>
    /// <param name="Reason">Why it was refused; null when it was not.</param>
    /// <param name="IsDurable">Whether the store has it.</param>
    /// <param name="IsRepeat">It was accepted before.</param>
    /// <param name="Deadline">Of a post that was refused: says which copy it was, of several with the same id.</param>
    /// <param name="Ticket">Of the <see cref="SubmitPost"/>.</param>
    public sealed record PostAnswer(
        RoomId Room,
        PostId Id,
        Position Position,
        RejectReason? Reason,
        TimeSpan? RetryAfter,
        bool IsDurable = true,
        bool IsRepeat = false,
        long Deadline = 0,
        long Ticket = 0)
        : IRoomMessage
    {
        /// <summary>Nobody knows what became of it, see <see cref="SubmitPost.Unknown"/>.</summary>
        public bool IsUnknown => Position.IsNone && Reason is null;
    }

    /// <summary>This origin has no place for another room.</summary>
    public sealed record RoomRefused(RoomId Room) : IRoomMessage;
}

/// <summary>What origins publish to all edges.</summary>
public static class ReplicationProtocol
{
    /// <summary>
    /// What rooms of one partition accepted, and where they are. At most once, in the publisher's order; edges repair what is missing
    /// by <see cref="RoomProtocol.FetchRange"/>.
    /// </summary>
    public sealed record ReplicationBatch(IReadOnlyList<Slice> Slices, IReadOnlyList<HeadNote> Heads) : IWireMessage;

    /// <summary>A room's head, so that an edge notices when the last thing said did not arrive. May repeat.</summary>
    public sealed record HeadNote(RoomId Room, RoomHead Head, long Viewers) : IRoomMessage;

    /// <summary>What a node says of itself, to all nodes every 2 s and when it begins to drain.</summary>
    /// <param name="Address">Of its actor system.</param>
    /// <param name="PublicUrl">Where viewers reach it, and only it; empty when that is not known.</param>
    /// <param name="TakesViewers">Whether it is an edge that lets viewers in.</param>
    public sealed record NodeStatus(string Address, string Name, string PublicUrl, bool TakesViewers, long Rooms, long Viewers) : IWireMessage
    {
        /// <summary>Where other nodes reach it over HTTP; empty when that is not known.</summary>
        public string HttpUrl { get; init; } = "";
    }
}

/// <summary>Consecutive danmaku of one room and epoch, encoded once at the origin and decoded only where somebody watches.</summary>
/// <param name="Previous">Where the epoch before ended.</param>
/// <param name="First">The offset of the first.</param>
public sealed record Slice(RoomId Room, long Epoch, Position Previous, long First, int Count, ReadOnlyMemory<byte> Bytes) : IRoomMessage
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    public long Last => First + Count - 1;

    /// <param name="isPlain">As that of <see cref="BinaryCodec.WriteComments"/>.</param>
    public static Slice Encode(RoomId room, Batch batch, bool isPlain = false)
    {
        var buffer = _scratch ??= new ArrayBufferWriter<byte>(4096);
        buffer.ResetWrittenCount();
        var writer = new BinaryWriterBuffer(buffer);
        BinaryCodec.WriteComments(ref writer, batch.Comments, isPlain);
        return new Slice(room, batch.Epoch, batch.Previous, batch.First.Offset, batch.Comments.Count, buffer.WrittenSpan.ToArray());
    }

    /// <summary>Makes one slice of those that follow each other directly.</summary>
    /// <param name="slices">Of one room and epoch, in the order they were published.</param>
    public static IEnumerable<Slice> Join(IReadOnlyList<Slice> slices)
    {
        for (var (start, end) = (0, 1); start < slices.Count; start = end, end++)
        {
            while (end < slices.Count && slices[end].First == slices[end - 1].Last + 1)
            {
                end++;
            }

            yield return end - start == 1 ? slices[start] : Concatenate(slices, start, end);
        }
    }

    private static Slice Concatenate(IReadOnlyList<Slice> slices, int start, int end)
    {
        var bytes = new byte[Enumerable.Range(start, end - start).Sum(i => slices[i].Bytes.Length)];
        var (length, count) = (0, 0);
        for (var i = start; i < end; i++)
        {
            slices[i].Bytes.CopyTo(bytes.AsMemory(length));
            length += slices[i].Bytes.Length;
            count += slices[i].Count;
        }

        return slices[start] with { Count = count, Bytes = bytes };
    }

    /// <exception cref="InvalidDataException">The bytes are no danmaku.</exception>
    public Batch Decode()
    {
        var reader = new BinaryReaderSpan(Bytes.Span);
        return new Batch(Epoch, Previous, BinaryCodec.ReadComments(ref reader, First, Count));
    }
}
