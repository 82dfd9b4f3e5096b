using Danmaku.Core.Rooms;

namespace Danmaku.Core.Segments;

/// <summary>Consecutive danmaku of one epoch that are published together: a piece of a room's history as HTTP serves it.</summary>
/// <param name="First">The position of its first danmaku.</param>
/// <param name="Last">The offset of its last danmaku so far.</param>
/// <param name="From">The time of its first danmaku, Unix milliseconds.</param>
/// <param name="To">The time of its last danmaku so far, Unix milliseconds.</param>
public readonly record struct Segment(Position First, long Last, long From, long To)
{
    /// <summary>Most danmaku in a segment. Offsets 1, 1001, 2001 and so on always begin one.</summary>
    public const int MaxComments = 1000;

    /// <summary>A segment never crosses a multiple of this, in the room's time since 1970.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(6);

    /// <summary>Whether it has as many danmaku as it may have.</summary>
    public bool IsFull => Last % MaxComments == 0;

    /// <summary>The position of its last danmaku so far.</summary>
    public Position End => First with { Offset = Last };

    /// <summary>Whether an offset begins a segment regardless of time.</summary>
    public static bool IsAligned(long offset) => offset % MaxComments == 1;

    /// <summary>Whether a danmaku begins a segment, when its predecessor is of the same epoch.</summary>
    public static bool Begins(Comment comment, Comment before) =>
        IsAligned(comment.Offset) || WindowOf(comment.Time) != WindowOf(before.Time);

    /// <summary>
    /// Whether it is provably complete when everything up to a position was deleted. A segment that begins by time needs its predecessor's last danmaku for
    /// that, and is deleted with it.
    /// </summary>
    /// <param name="first">Where the segment begins.</param>
    /// <param name="start">The position after which nothing is missing.</param>
    public static bool IsWhole(Position first, Position start) =>
        IsAligned(first.Offset) ? first > start : first with { Offset = first.Offset - 1 } > start;

    private static long WindowOf(long time) => time / (long)Window.TotalMilliseconds;
}
