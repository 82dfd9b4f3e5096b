using System.Text;

namespace Danmaku.Core.Rooms;

/// <summary>What texts and names may contain (docs/protocol.md §6).</summary>
public static class TextRules
{
    /// <summary>Longest name, in code points.</summary>
    public const int MaxNameChars = 24;

    /// <summary>Checks and trims one text.</summary>
    /// <param name="maxChars">Most Unicode code points after trimming.</param>
    /// <param name="trimmed">The text without white space at both ends, when null is returned.</param>
    /// <returns>Null when it may be shown, else why not.</returns>
    public static RejectReason? Check(string text, int maxChars, out string trimmed)
    {
        trimmed = text.Trim();
        if (trimmed.Length == 0)
        {
            return RejectReason.TextEmpty;
        }

        // A code point has at most two UTF-16 units: an enormous text is refused without being walked.
        if (trimmed.Length > 2 * maxChars)
        {
            return RejectReason.TextTooLong;
        }

        var count = 0;
        var visible = false;
        for (var rest = trimmed.AsSpan(); rest.Length > 0; count++)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var used) != System.Buffers.OperationStatus.Done || IsForbidden(rune.Value))
            {
                return RejectReason.TextInvalid;
            }

            visible |= !IsInvisible(rune.Value);
            rest = rest[used..];
        }

        return count > maxChars ? RejectReason.TextTooLong : visible ? null : RejectReason.TextEmpty;
    }

    /// <summary>Controls, separators, and what would turn the text of others around on the screen.</summary>
    private static bool IsForbidden(int c) =>
        c < 0x20 || c is >= 0x7f and <= 0x9f or 0x2028 or 0x2029 or >= 0x202a and <= 0x202e or >= 0x2066 and <= 0x2069;

    /// <summary>White space and the zero-width characters: a text of nothing else is blank.</summary>
    private static bool IsInvisible(int c) =>
        c is >= 0x200b and <= 0x200f or 0x2060 or 0xfeff or 0x00ad or 0x034f or 0x061c or 0x3164 or 0x115f or 0x1160 or 0xffa0
        || (Rune.IsValid(c) && Rune.IsWhiteSpace(new Rune(c)));
}
