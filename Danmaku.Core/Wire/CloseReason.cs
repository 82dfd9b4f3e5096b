using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>Why the server closes a viewer's WebSocket: code and text of the Close frame (RFC 6455 §5.5.1).</summary>
/// <param name="Code">RFC 6455 §7.4.1 where it has the meaning, else 4000–4999, the range for private use (§7.4.2).</param>
/// <param name="Text">For people; at most 123 bytes of UTF-8, since a control frame carries 125 (§5.5).</param>
/// <param name="Reconnect">Whether the client should come back by itself.</param>
public sealed record CloseReason(int Code, string Text, bool Reconnect)
{
    // The catalogue: docs/protocol.md §7 as code.
    public static readonly CloseReason ProtocolError = new(1002, "protocol error", false);
    public static readonly CloseReason TextOnly = new(1003, "text messages only", false);
    public static readonly CloseReason InvalidUtf8 = new(1007, "invalid utf-8", false);
    public static readonly CloseReason TooManyMessages = new(1008, "too many messages", true);
    public static readonly CloseReason TooBig = new(1009, "message too big", false);
    public static readonly CloseReason InternalError = new(1011, "internal error", true);
    public static readonly CloseReason Restarting = new(1012, "restarting", true);
    public static readonly CloseReason TooSlow = new(1013, "too slow", true);
    public static readonly CloseReason NoMemory = new(1013, "no memory left", true);
    public static readonly CloseReason TooManyRooms = new(1013, "too many rooms", true);
    public static readonly CloseReason NoAnswer = new(1013, "no answer", true);
    public static readonly CloseReason NotKnownWhetherPosted = new(1013, "not known whether it was posted", true);
    public static readonly CloseReason TokensUnchecked = new(1013, "tokens cannot be checked", true);
    public static readonly CloseReason JoinExpected = new(4000, "join expected", true);
    public static readonly CloseReason JoinFirst = new(4001, "join first", false);
    public static readonly CloseReason Malformed = new(4002, "malformed message", false);
    public static readonly CloseReason TokenExpired = new(4004, "token expired", true);
    public static readonly CloseReason NoHeartbeat = new(4008, "no heartbeat", true);

    /// <summary>The <c>join</c> was invalid.</summary>
    /// <param name="why">At most 110 bytes.</param>
    public static CloseReason BadJoin(string why) => new(JoinFirst.Code, "bad join: " + why, false);

    /// <summary>Somebody may not come in.</summary>
    /// <param name="why">At most 100 bytes, never what the client sent.</param>
    public static CloseReason NotAdmitted(string why) => new(4003, "not admitted: " + why, false);

    /// <summary>A plain-text viewer's post was refused; the format has no message for that.</summary>
    /// <param name="detail">For people, at most 60 bytes; null for the message in the catalogue of refusals.</param>
    public static CloseReason NotPosted(RejectReason reason, string? detail = null) =>
        new(reason.IsOfTheMoment() ? NotKnownWhetherPosted.Code : TooManyMessages.Code, $"not posted: {reason.Name()}. {detail ?? reason.Message()}", true);
}
