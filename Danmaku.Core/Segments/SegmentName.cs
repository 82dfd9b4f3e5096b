using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Segments;

/// <summary>A segment's name within its epoch: <c>1.1000-0</c> when it is sealed, <c>1001-0</c> while it may grow (docs/protocol.md §9).</summary>
/// <remarks>
/// The name of a sealed segment includes its last offset. So a cache never serves an incomplete copy under that name, and a store that was restored from a
/// backup cannot give the same name to another content.
/// </remarks>
/// <param name="First">The offset of its first danmaku.</param>
/// <param name="Last">The offset of its last danmaku; null while it may grow.</param>
/// <param name="Revision">Counts how often its content was withdrawn.</param>
public readonly record struct SegmentName(long First, long? Last, long Revision)
{
    /// <summary>Reads a name from outside. Each segment has only one spelling, because a cache would store each spelling.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SegmentName name)
    {
        name = default;
        if (text?.Split('-') is not [var range, var revisionText] || !TryRead(revisionText, 0, out var revision))
        {
            return false;
        }

        var ends = range.Split('.');
        if (ends.Length > 2 || !TryRead(ends[0], 1, out var first))
        {
            return false;
        }

        long? last = null;
        if (ends.Length == 2)
        {
            if (!TryRead(ends[1], first, out var end) || end - first >= Segment.MaxComments)
            {
                return false;
            }

            last = end;
        }

        name = new SegmentName(first, last, revision);
        return true;
    }

    /// <summary>Reads an epoch or offset in its one spelling: digits, no zero in front, below 2^53.</summary>
    public static bool TryRead([NotNullWhen(true)] string? text, long least, out long number)
    {
        number = 0;
        return text is { Length: > 0 and <= 16 }
            && !text.AsSpan().ContainsAnyExceptInRange('0', '9')
            && (text.Length == 1 || text[0] != '0')
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number >= least
            && number <= Position.MaxInteger;
    }

    public override string ToString() => Last is { } last
        ? string.Create(CultureInfo.InvariantCulture, $"{First}.{last}-{Revision}")
        : string.Create(CultureInfo.InvariantCulture, $"{First}-{Revision}");
}
