using System.Text;

namespace Danmaku.Core.Rooms;

/// <summary>
/// What people take for one character: extended grapheme clusters (UAX #29), by <see cref="UnicodeTable"/> and not by the platform, so
/// that server and page count alike (docs/protocol.md §6).
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

    /// <summary>The length of the first one, in UTF-16 units; 0 of an empty text.</summary>
    public static int FirstLength(ReadOnlySpan<char> text)
    {
        var (cluster, length) = (default(Cluster), 0);
        while (length < text.Length)
        {
            // What is no code point is U+FFFD here.
            Rune.DecodeFromUtf16(text[length..], out var rune, out var used);
            if (!cluster.Takes(UnicodeTable.Of(rune.Value), length == 0))
            {
                break;
            }

            length += used;
        }

        return length;
    }

    /// <summary>A cluster as far as it is known.</summary>
    private struct Cluster
    {
        private GraphemeBreak _last;

        /// <summary>It ends in a consonant of a conjunct and what extends it; whether a linker is among that.</summary>
        private bool _isConsonant;
        private bool _isLinked;

        /// <summary>It ends in a pictograph and what extends it; whether a ZWJ is the last of that.</summary>
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
