using System.Text;

namespace Danmaku.Core.Rooms;

/// <summary>
/// Characters as people count them: extended grapheme clusters (UAX #29), by <see cref="UnicodeTable"/> and not by the platform, so that server and page count
/// alike (docs/protocol.md §6).
/// </summary>
public static class Graphemes
{
    public static int Count(ReadOnlySpan<char> text)
    {
        var count = 0;
        for (; text.Length > 0; count++)
        {
            text = text[FirstLength(text)..];
        }

        return count;
    }

    /// <summary>The length of the first cluster, in UTF-16 units; 0 for an empty text.</summary>
    public static int FirstLength(ReadOnlySpan<char> text)
    {
        var (cluster, length) = (default(Cluster), 0);
        while (length < text.Length)
        {
            // An invalid code point counts as U+FFFD.
            Rune.DecodeFromUtf16(text[length..], out var rune, out var used);
            if (!cluster.Takes(UnicodeTable.Of(rune.Value), length == 0))
            {
                break;
            }

            length += used;
        }

        return length;
    }

    /// <summary>A cluster that is being read.</summary>
    private struct Cluster
    {
        private GraphemeBreak _last;

        /// <summary>Set when it ends in a consonant of a conjunct and its extenders; the value tells whether a linker is among them.</summary>
        private bool _isConsonant;
        private bool _isLinked;

        /// <summary>Set when it ends in a pictograph and its extenders; the value tells whether a ZWJ is the last of them.</summary>
        private bool _isPictograph;
        private bool _isJoined;

        private bool _isHalfFlag;

        /// <summary>Takes one more code point, unless there is a break before it.</summary>
        public bool Takes(CharTraits next, bool isFirst)
        {
            if (!isFirst && IsBreakBefore(next))
            {
                return false;
            }

            _isLinked = _isConsonant && (next.Conjunct == ConjunctBreak.Linker || (_isLinked && next.Conjunct == ConjunctBreak.Extend));
            _isConsonant = next.Conjunct == ConjunctBreak.Consonant || (_isConsonant && next.Conjunct != ConjunctBreak.None);
            _isJoined = _isPictograph && !_isJoined && next.Break == GraphemeBreak.Zwj;
            _isPictograph = next.IsPictographic || _isJoined || (_isPictograph && _last != GraphemeBreak.Zwj && next.Break == GraphemeBreak.Extend);
            _isHalfFlag = next.Break == GraphemeBreak.RegionalIndicator && !_isHalfFlag;
            _last = next.Break;
            return true;
        }

        /// <summary>The rules GB3 to GB999 of UAX #29, in their order.</summary>
        private readonly bool IsBreakBefore(CharTraits next) => (_last, next.Break) switch
        {
            (GraphemeBreak.CR, GraphemeBreak.LF) => false,
            (GraphemeBreak.CR or GraphemeBreak.LF or GraphemeBreak.Control, _) => true,
            (_, GraphemeBreak.CR or GraphemeBreak.LF or GraphemeBreak.Control) => true,
            (GraphemeBreak.L, GraphemeBreak.L or GraphemeBreak.V or GraphemeBreak.LV or GraphemeBreak.LVT) => false,
            (GraphemeBreak.LV or GraphemeBreak.V, GraphemeBreak.V or GraphemeBreak.T) => false,
            (GraphemeBreak.LVT or GraphemeBreak.T, GraphemeBreak.T) => false,
            (_, GraphemeBreak.Extend or GraphemeBreak.Zwj or GraphemeBreak.SpacingMark) => false,
            (GraphemeBreak.Prepend, _) => false,
            (_, GraphemeBreak.RegionalIndicator) => !_isHalfFlag,
            _ => !(_isLinked && next.Conjunct == ConjunctBreak.Consonant) && !(_isJoined && next.IsPictographic),
        };
    }
}
