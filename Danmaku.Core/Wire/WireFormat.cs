using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>A format of messages to viewers (docs/protocol.md). Stateless; one instance serves all.</summary>
/// <remarks>A method that returns null means that the format has no such message.</remarks>
public abstract class WireFormat
{
    public static readonly WireFormat Json = new JsonFormat(0);

    public static readonly WireFormat Plain = new PlainFormat();

    /// <summary><see cref="Json"/> for clients with <c>permessage-deflate</c>.</summary>
    public static readonly WireFormat DeflatedJson = new DeflatedJsonFormat(2);

    /// <summary>All formats, by <see cref="Index"/>.</summary>
    public static readonly IReadOnlyList<WireFormat> All = [Json, Plain, DeflatedJson];

    /// <summary>The value of <c>Sec-WebSocket-Protocol</c>; null for plain text.</summary>
    public abstract string? Subprotocol { get; }

    /// <summary>Its place in <see cref="All"/>, so that values per format can be kept in an array.</summary>
    public abstract int Index { get; }

    /// <summary>Whether a slow viewer can be told that it was skipped ahead; otherwise it is closed.</summary>
    public abstract bool CanSkip { get; }

    /// <summary>Whether a client begins with <c>join</c>.</summary>
    public abstract bool HasJoin { get; }

    public abstract Frame Batch(Batch batch);

    /// <summary>The format for a client that offers compression; null when compression would gain nothing.</summary>
    public virtual WireFormat? Deflated => null;

    /// <summary>The format whose batches this one compresses; null for one that encodes by itself.</summary>
    public virtual WireFormat? Inner => null;

    public virtual Frame? Welcome(Welcome welcome) => null;

    public virtual Frame? Ack(PostId id, Position position, bool isDurable) => null;

    /// <param name="field">The field that is the reason.</param>
    /// <param name="message">For people; null for what the catalogue of refusals says.</param>
    public virtual Frame? Reject(PostId? id, RejectReason reason, TimeSpan? retryAfter, string? field = null, string? message = null) => null;

    public virtual Frame? Unknown(PostId id) => null;

    public virtual Frame? Viewers(long count) => null;

    /// <param name="recalls">What is taken back by entries among those that are skipped; usually empty.</param>
    public virtual Frame? Skipped(long epoch, long from, long through, IReadOnlyList<Recall> recalls) => null;

    public virtual Frame? Lost(Position position) => null;

    /// <param name="to">The WebSocket's address at another edge; null for any edge.</param>
    public virtual Frame? Move(Uri? to) => null;

    public virtual Frame? Clock(ReadOnlySpan<byte> client, long server) => null;

    /// <param name="within">How long until the connection is closed, unless a new token comes.</param>
    public virtual Frame? TokenExpiring(TimeSpan within) => null;

    public virtual Frame? Error(string reason, string message) => null;
}

/// <summary>The first message to a viewer of the full protocol.</summary>
/// <param name="Node">The edge that serves it.</param>
/// <param name="Name">The name under which it posts.</param>
/// <param name="Position">Where its batches begin.</param>
/// <param name="Head">The newest danmaku: batches up to here are history, what follows is live.</param>
public sealed record Welcome(RoomId Room, string Node, string Name, Position Position, Position Head, bool IsLost, long Viewers, TimeSpan Heartbeat)
{
    /// <summary>What the client is to keep and to bring when it comes back; null when it has one, or a token.</summary>
    public string? Identity { get; init; }

    /// <summary>Who the client is, as others see it; none where that is not known.</summary>
    public UserId User { get; init; }

    /// <summary>What the client is in this room.</summary>
    public Role Role { get; init; }
}
