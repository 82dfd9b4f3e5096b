using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Moderation;

/// <summary>What somebody asks to take back, as clients write it (docs/protocol.md §4). By the room's clock it becomes a <see cref="Recall"/>.</summary>
public abstract record RecallOrder
{
    private RecallOrder()
    {
    }

    public sealed record One(Position Target) : RecallOrder;

    /// <param name="Within">How far back, milliseconds.</param>
    public sealed record Person(UserId User, long Within) : RecallOrder;

    public sealed record Everything : RecallOrder;

    /// <summary>Reads the fields of an order, of which exactly one says what it is about.</summary>
    /// <returns>Null; or the field that is missing or invalid.</returns>
    public static (RejectReason Reason, string Field)? TryMake(Position? position, string? user, long? within, bool all, out RecallOrder? order)
    {
        order = null;
        var id = UserId.None;
        if ((position is null ? 0 : 1) + (user is null ? 0 : 1) + (all ? 1 : 0) is var count && count != 1)
        {
            return (count == 0 ? RejectReason.FieldMissing : RejectReason.FieldInvalid, "position");
        }

        if (user is not null && (!UserId.TryParse(user, out id) || id.IsNone))
        {
            return (RejectReason.FieldInvalid, nameof(user));
        }

        if (user is not null && within is not >= 0)
        {
            return (within is null ? RejectReason.FieldMissing : RejectReason.FieldInvalid, nameof(within));
        }

        order = position is { } target ? new One(target) : user is not null ? new Person(id, within!.Value) : new Everything();
        return null;
    }

    /// <param name="now">Unix milliseconds.</param>
    public Recall At(long now) => this switch
    {
        One one => new Recall.One(one.Target),
        Person person => new Recall.Person(person.User, Math.Max(0, now - person.Within)),
        _ => Recall.Everything.Instance,
    };
}
