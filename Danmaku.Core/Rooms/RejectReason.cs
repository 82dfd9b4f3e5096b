namespace Danmaku.Core.Rooms;

/// <summary>Why a post was refused. The numbers are those of the cluster's wire and never change.</summary>
public enum RejectReason : byte
{
    TextEmpty = 1,
    TextTooLong = 2,
    TextInvalid = 3,
    FieldMissing = 4,
    FieldInvalid = 5,
    RateLimited = 6,
    RoomBusy = 7,
    RoomLimit = 8,
    Unavailable = 9,
    Expired = 10,
    Forbidden = 11,
    NotFound = 12,
}

/// <summary>The catalogue of refusals: docs/protocol.md §6 as code.</summary>
public static class RejectReasons
{
    private static readonly Dictionary<RejectReason, (string Name, string Message)> Catalogue = new()
    {
        [RejectReason.TextEmpty] = ("text_empty", "The text is empty."),
        [RejectReason.TextTooLong] = ("text_too_long", "The text is too long."),
        [RejectReason.TextInvalid] = ("text_invalid", "The text contains a character that is not allowed."),
        [RejectReason.FieldMissing] = ("field_missing", "A field that is needed is missing."),
        [RejectReason.FieldInvalid] = ("field_invalid", "A field has a wrong type or value."),
        [RejectReason.RateLimited] = ("rate_limited", "You are posting too fast."),
        [RejectReason.RoomBusy] = ("room_busy", "The room accepts no more posts this second."),
        [RejectReason.RoomLimit] = ("room_limit", "There are too many open rooms."),
        [RejectReason.Unavailable] = ("unavailable", "The room cannot accept posts at the moment."),
        [RejectReason.Expired] = ("expired", "The post came too late and was not posted."),
        [RejectReason.Forbidden] = ("forbidden", "You may not do that here."),
        [RejectReason.NotFound] = ("not_found", "There is no danmaku at that position."),
    };

    /// <summary>The name on the wire.</summary>
    public static string Name(this RejectReason reason) => Catalogue[reason].Name;

    /// <summary>English, for people.</summary>
    /// <param name="field">The field that is missing or invalid; null when it is not known.</param>
    public static string Message(this RejectReason reason, string? field = null) => (reason, field) switch
    {
        (RejectReason.FieldMissing, { }) => $"The field '{field}' is missing.",
        (RejectReason.FieldInvalid, { }) => $"The field '{field}' has a wrong type or value.",
        _ => Catalogue[reason].Message,
    };

    /// <summary>Whether the same post may be accepted a moment later: neither the post nor its author's rate is the problem.</summary>
    public static bool IsOfTheMoment(this RejectReason reason) =>
        reason is RejectReason.RoomBusy or RejectReason.RoomLimit or RejectReason.Unavailable or RejectReason.Expired;

    /// <summary>Whether a number read from the wire is a reason this release knows.</summary>
    public static bool IsKnown(this RejectReason reason) => Catalogue.ContainsKey(reason);
}
