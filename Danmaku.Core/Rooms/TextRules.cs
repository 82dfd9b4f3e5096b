using System.Buffers;

namespace Danmaku.Core.Rooms;

/// <summary>The rules for texts and names (docs/protocol.md §6).</summary>
public static class TextRules
{
    /// <summary>Longest name, in <see cref="Graphemes"/>.</summary>
    public const int MaxNameChars = 24;

    /// <summary>
    /// Most code points of a text for each grapheme that it may have: 400 for 100. A single grapheme has no bound: a family has seven, and so has the flag of a
    /// region.
    /// </summary>
    public const int PointsPerChar = 4;

    /// <summary>The version of Unicode for counting and cleaning texts.</summary>
    public const string UnicodeVersion = UnicodeTable.Version;

    /// <summary>A text with more UTF-16 units for each allowed grapheme is too long, even if cleaning could shorten it.</summary>
    private const int UnitsPerChar = 40;

    /// <summary>Bytes of one code point, when both halves of a pair are written as <c>\uXXXX</c>.</summary>
    private const int MaxEscapedBytes = 12;

    /// <summary>Bytes of JSON for the longest text and name, in any notation.</summary>
    /// <param name="maxChars">Most graphemes of the text.</param>
    public static int MaxJsonBytes(int maxChars) => (maxChars + MaxNameChars) * PointsPerChar * MaxEscapedBytes;

    /// <summary>Bytes of UTF-8 of the longest text.</summary>
    public static int MaxBytes(int maxChars) => maxChars * PointsPerChar * 4;

    /// <summary>Checks and cleans one text.</summary>
    /// <param name="maxChars">Most graphemes after cleaning, and a quarter of the most code points.</param>
    /// <param name="shown">
    /// When null is returned: the text as it is shown, without white space at both ends and without characters that show and mean nothing.
    /// </param>
    /// <returns>Null when it may be shown, else why not.</returns>
    public static RejectReason? Check(string text, int maxChars, out string shown)
    {
        shown = text.Trim();
        if (IsPlain(shown))
        {
            return shown.Length == 0 ? RejectReason.TextEmpty : shown.Length > maxChars ? RejectReason.TextTooLong : null;
        }

        return shown.Length > UnitsPerChar * maxChars ? RejectReason.TextTooLong : Clean(ref shown, maxChars);
    }

    private static RejectReason? Clean(ref string text, int maxChars)
    {
        var buffer = ArrayPool<char>.Shared.Rent(text.Length);
        try
        {
            var cleaner = new TextCleaner(buffer);
            if (!cleaner.TryAppend(text))
            {
                return RejectReason.TextInvalid;
            }

            if (!cleaner.IsVisible)
            {
                return RejectReason.TextEmpty;
            }

            var kept = cleaner.Kept.TrimEnd();
            if (cleaner.Points - (cleaner.Kept.Length - kept.Length) > PointsPerChar * maxChars || Graphemes.Count(kept) > maxChars)
            {
                return RejectReason.TextTooLong;
            }

            text = kept.SequenceEqual(text) ? text : new string(kept);
            return null;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Whether each UTF-16 unit is a visible grapheme or a space, with no white space at both ends. Most texts are such, and <see cref="UnicodeTable"/> could
    /// not change them.
    /// </summary>
    internal static bool IsPlain(ReadOnlySpan<char> text)
    {
        var other = text.IndexOfAnyExceptInRange(' ', '~');
        if (other < 0)
        {
            return true;
        }

        foreach (var unit in text[other..])
        {
            if (!IsPlain(unit))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsPlain(char unit) =>
        unit is (>= ' ' and <= '~') // ASCII
            or (>= '\u4e00' and <= '\u9fff') or (>= '\u3400' and <= '\u4dbf') // ideographs
            or (>= '\u3000' and <= '\u3029') or (>= '\uff01' and <= '\uff9d') // their punctuation, and their width
            or (>= '\u3041' and <= '\u3096') or (>= '\u309b' and <= '\u30ff') // kana
            or (>= '\uac00' and <= '\ud7a3') // syllables of Hangul
            or (>= '\u00a0' and < '\u0300' and not '\u00ad') or (>= '\u1e00' and <= '\u1eff') // Latin
            or (>= '\u0400' and <= '\u0482') // Cyrillic
            or (>= '\u2010' and <= '\u2027'); // dashes, quotation marks
}
