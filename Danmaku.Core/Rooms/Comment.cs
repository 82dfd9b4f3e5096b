using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;

namespace Danmaku.Core.Rooms;

/// <summary>How a danmaku crosses the screen. The numbers are those of the cluster's wire and never change.</summary>
public enum CommentMode : byte
{
    Scroll = 0,
    Top = 1,
    Bottom = 2,
    Reverse = 3,
}

/// <summary>How large a danmaku is shown. The numbers are those of the cluster's wire and never change.</summary>
public enum CommentSize : byte
{
    Small = 0,
    Medium = 1,
    Large = 2,
}

/// <summary>How a danmaku looks.</summary>
/// <param name="Color">0xRRGGBB.</param>
public readonly record struct CommentStyle(CommentMode Mode, int Color, CommentSize Size)
{
    public const int White = 0xffffff;

    public static readonly CommentStyle Default = new(CommentMode.Scroll, White, CommentSize.Medium);
}

/// <summary>An entry of a room's log: an accepted danmaku, the placeholder of one that was recalled, or a recall.</summary>
/// <param name="Offset">Its place in its epoch, from 1.</param>
/// <param name="Time">Unix milliseconds by the room's clock; never less than that of the one before.</param>
/// <param name="Author">The name of its author.</param>
/// <param name="Text">Checked and cleaned by <see cref="TextRules"/>.</param>
/// <param name="At">The media time in milliseconds of the post, if the client sent it.</param>
public sealed record Comment(long Offset, long Time, string Author, string Text, CommentStyle Style, long? At)
{
    /// <summary>The person who said it; none where the server does not know.</summary>
    public UserId User { get; init; }

    /// <summary>What that person was in the room.</summary>
    public Role Role { get; init; }

    /// <summary>What this entry takes back; null for a danmaku. Such an entry has no text, name and person.</summary>
    public Recall? Recall { get; init; }

    /// <summary>Whether there is something to show: false for recalls, and for what was recalled.</summary>
    public bool IsShown => Text.Length > 0;

    /// <summary>What is left in its place when it is recalled: neither text nor name nor person.</summary>
    public Comment Recalled() => new(Offset, Time, "", "", CommentStyle.Default, null);

    /// <summary>About how much memory it uses, and not less than its bytes on the cluster's wire: for bounds in bytes.</summary>
    public int Bytes => 96 + 3 * (Author.Length + Text.Length);
}

/// <summary>A post: a danmaku that is not accepted yet.</summary>
/// <param name="Id">Makes it safe to repeat.</param>
/// <param name="Deadline">Unix milliseconds; an origin that gets the post later must not accept it.</param>
public sealed record Post(PostId Id, string Author, string Text, CommentStyle Style, long? At, long Deadline)
{
    /// <summary>It was sent before, and its author does not know the outcome. A node that does not know it either must not refuse the post.</summary>
    public bool Again { get; init; }

    /// <summary>The person who posts, as the edge has verified it; none where it does not know.</summary>
    public UserId User { get; init; }

    /// <summary>What that person is in the room, as the edge has verified it.</summary>
    public Role Role { get; init; }

    /// <summary>What the post takes back, in place of a text; null for a danmaku.</summary>
    public Recall? Recall { get; init; }
}

/// <summary>Consecutive danmaku of one epoch. Never empty.</summary>
/// <param name="Previous">Where the previous epoch ended; meaningful when the batch begins with offset 1.</param>
public sealed record Batch(long Epoch, Position Previous, IReadOnlyList<Comment> Comments)
{
    public Position First => new(Epoch, Comments[0].Offset);

    public Position Last => new(Epoch, Comments[^1].Offset);

    /// <summary>The recalls among them; nearly always empty.</summary>
    public IReadOnlyList<Recall> Recalls
    {
        get
        {
            List<Recall>? recalls = null;
            for (var i = 0; i < Comments.Count; i++)
            {
                if (Comments[i].Recall is { } recall)
                {
                    (recalls ??= []).Add(recall);
                }
            }

            return recalls ?? (IReadOnlyList<Recall>)[];
        }
    }
}
