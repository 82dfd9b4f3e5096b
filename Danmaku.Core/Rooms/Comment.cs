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

/// <summary>An accepted danmaku.</summary>
/// <param name="Offset">Its place in its epoch, from 1.</param>
/// <param name="Time">Unix milliseconds by the room's clock; never less than that of the one before.</param>
/// <param name="Author">The name of its author.</param>
/// <param name="Text">Checked and cleaned by <see cref="TextRules"/>.</param>
/// <param name="At">The media time in milliseconds of the post, if the client sent it.</param>
public sealed record Comment(long Offset, long Time, string Author, string Text, CommentStyle Style, long? At)
{
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
}

/// <summary>Consecutive danmaku of one epoch. Never empty.</summary>
/// <param name="Previous">Where the previous epoch ended; meaningful when the batch begins with offset 1.</param>
public sealed record Batch(long Epoch, Position Previous, IReadOnlyList<Comment> Comments)
{
    public Position First => new(Epoch, Comments[0].Offset);

    public Position Last => new(Epoch, Comments[^1].Offset);
}
