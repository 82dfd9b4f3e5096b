using System.Buffers;
using System.Text;

namespace Danmaku.Core.Rooms;

/// <summary>Removes characters that show nothing and mean nothing at their place in a text (docs/protocol.md §6).</summary>
/// <remarks>Cleaning twice changes nothing: an origin cleans texts that its edges have cleaned already.</remarks>
/// <param name="kept">The output; as long as the text.</param>
internal ref struct TextCleaner(Span<char> kept)
{
    /// <summary>
    /// Most marks of one base character, including joiners and selectors. Living scripts need six: a letter of Hebrew with dot, dagesh, vowel, meteg and two
    /// accents, of Burmese with three medials and what follows. The tallest stacks of Tibetan need eight. Text that is made to cover its neighbours begins
    /// above.
    /// </summary>
    public const int MaxMarks = 8;

    private const int BlackFlag = 0x1f3f4;

    /// <summary>England, Scotland and Wales: the flags of regions that Unicode recommends (UTS #51, RGI_Emoji_Tag_Sequence).</summary>
    private static readonly string[] FlagTags = [Tags("gbeng"), Tags("gbsct"), Tags("gbwls")];

    private readonly Span<char> _kept = kept;
    private int _length;
    private int _marks;
    private int _last;
    private CharTraits _lastTraits;

    /// <summary>The last character that is neither a mark nor hidden.</summary>
    private CharTraits _base;

    /// <summary>The text so far.</summary>
    public readonly ReadOnlySpan<char> Kept => _kept[.._length];

    /// <summary>How many code points it has.</summary>
    public int Points { get; private set; }

    /// <summary>Whether anything in it can be seen.</summary>
    public bool IsVisible { get; private set; }

    /// <summary>Appends the characters that may stay.</summary>
    /// <returns>False when the text must not be shown: it has a control, a separator or half a surrogate pair.</returns>
    public bool TryAppend(ReadOnlySpan<char> text)
    {
        while (text.Length > 0)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var used) != OperationStatus.Done)
            {
                return false;
            }

            var point = rune.Value == '\t' ? ' ' : rune.Value;
            if (point is < 0x20 or (>= 0x7f and <= 0x9f) or 0x2028 or 0x2029)
            {
                return false;
            }

            text = text[used..];
            var traits = UnicodeTable.Of(point);
            if (!traits.IsIgnorable)
            {
                AppendSeen(point, traits);
            }
            else if (_last == BlackFlag && FlagAt(point, text) is { } flag)
            {
                text = text[(flag.Length - used)..];
                AppendAll(flag);
            }
            else if (IsMeaningful(point, text))
            {
                AppendHidden(point, traits);
            }
        }

        return true;
    }

    private void AppendSeen(int point, CharTraits traits)
    {
        if (traits.IsMark)
        {
            if (_marks++ >= MaxMarks)
            {
                return;
            }
        }
        else if (traits.IsWhite && _length == 0)
        {
            return;
        }
        else
        {
            (_marks, _base) = (0, traits);
        }

        IsVisible |= !traits.IsBlank;
        Append(point, traits);
    }

    private void AppendHidden(int point, CharTraits traits)
    {
        if (_marks++ < MaxMarks)
        {
            Append(point, traits);
        }
    }

    private void AppendAll(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            Append(rune.Value, UnicodeTable.Of(rune.Value));
        }
    }

    private void Append(int point, CharTraits traits)
    {
        _length += new Rune(point).EncodeToUtf16(_kept[_length..]);
        (_last, _lastTraits) = (point, traits);
        Points++;
    }

    /// <summary>Whether an invisible character has a meaning at this place.</summary>
    private readonly bool IsMeaningful(int point, ReadOnlySpan<char> rest) => point switch
    {
        0x200c or 0x200d when _last is 0x200c or 0x200d => false,
        0x200d when _base.IsPictographic && Next(rest).IsPictographic => true,
        0x200c or 0x200d => _base.Joins || ((_length == 0 || _lastTraits.IsWhite) && Next(rest).Joins),

        // Selectors: of emoji and text style, of standardized variants, of ideographs.
        0xfe0e or 0xfe0f => _lastTraits.VariesAsEmoji,
        (>= 0xfe00 and <= 0xfe0d) or (>= 0x180b and <= 0x180d) or 0x180f => _lastTraits.Varies || _lastTraits.IsIdeograph,
        >= 0xe0100 and <= 0xe01ef => _lastTraits.IsIdeograph,

        // The separator of a Mongolian word's last vowel; what keeps two Hebrew marks in their order; the fillers of half a syllable of Hangul.
        0x180e => _base.Joins && _last != 0x180e && Next(rest).Joins,
        0x034f => _lastTraits.IsMark && !_lastTraits.IsIgnorable,
        0x115f => Next(rest) is { Break: GraphemeBreak.V, IsIgnorable: false },
        0x1160 => _lastTraits is { Break: GraphemeBreak.L, IsIgnorable: false },

        // The marks that put Hebrew's and Arabic's punctuation where it belongs.
        0x200e or 0x200f or 0x061c => _last is not (0x200e or 0x200f or 0x061c),
        _ => false,
    };

    private static CharTraits Next(ReadOnlySpan<char> rest) =>
        Rune.DecodeFromUtf16(rest, out var rune, out _) == OperationStatus.Done ? UnicodeTable.Of(rune.Value) : default;

    /// <summary>The tags of a flag that begin with this one.</summary>
    private static string? FlagAt(int point, ReadOnlySpan<char> rest)
    {
        foreach (var flag in FlagTags)
        {
            if (char.ConvertToUtf32(flag[0], flag[1]) == point && rest.StartsWith(flag.AsSpan(2), StringComparison.Ordinal))
            {
                return flag;
            }
        }

        return null;
    }

    private static string Tags(string region) =>
        string.Concat(region.Append('\x7f').Select(letter => char.ConvertFromUtf32(0xe0000 + letter)));
}
