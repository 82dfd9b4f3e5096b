using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Moderation;

/// <summary>
/// What a moderator takes back. A recall is an entry of the room's log: it has an offset of its own, and names what was said before it
/// (docs/protocol.md §6).
/// </summary>
public abstract record Recall
{
    private Recall()
    {
    }

    /// <summary>One danmaku.</summary>
    public sealed record One(Position Target) : Recall;

    /// <summary>All that one person has said since a time.</summary>
    /// <param name="Since">Unix milliseconds by the room's clock.</param>
    public sealed record Person(UserId User, long Since) : Recall;

    /// <summary>All that has been said.</summary>
    public sealed record Everything : Recall
    {
        public static readonly Everything Instance = new();
    }

    /// <summary>Whether a danmaku is taken back by this recall, which comes after it. Entries of the log that are recalls themselves never are.</summary>
    public bool Covers(long epoch, Comment comment) => comment.Recall is null && this switch
    {
        One one => one.Target == new Position(epoch, comment.Offset),
        Person person => !person.User.IsNone && comment.User == person.User && comment.Time >= person.Since,
        _ => true,
    };
}
