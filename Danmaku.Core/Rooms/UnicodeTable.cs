using System.Globalization;

namespace Danmaku.Core.Rooms;

/// <summary>Grapheme_Cluster_Break (UAX #29).</summary>
internal enum GraphemeBreak : byte
{
    Other,
    CR,
    LF,
    Control,
    Extend,
    Zwj,
    RegionalIndicator,
    Prepend,
    SpacingMark,
    L,
    V,
    T,
    LV,
    LVT,
}

/// <summary>Indic_Conjunct_Break (UAX #44).</summary>
internal enum ConjunctBreak : byte
{
    None,
    Consonant,
    Linker,
    Extend,
}

/// <summary>The properties of a code point that the rules for texts need.</summary>
internal readonly record struct CharTraits(ushort Bits)
{
    public GraphemeBreak Break => (GraphemeBreak)(Bits & 15);

    public ConjunctBreak Conjunct => (ConjunctBreak)((Bits >> 4) & 3);

    /// <summary>Extended_Pictographic.</summary>
    public bool IsPictographic => (Bits & (1 << 6)) != 0;

    /// <summary>A letter that is written cursively, or of a script with conjuncts: ZWJ and ZWNJ change how it looks.</summary>
    public bool Joins => (Bits & (1 << 7)) != 0;

    /// <summary>It has standardized variants.</summary>
    public bool Varies => (Bits & (1 << 8)) != 0;

    /// <summary>It has a text style and an emoji style.</summary>
    public bool VariesAsEmoji => (Bits & (1 << 9)) != 0;

    /// <summary>Unified_Ideograph.</summary>
    public bool IsIdeograph => (Bits & (1 << 10)) != 0;

    public bool IsWhite => (Bits & (1 << 11)) != 0;

    /// <summary>It shows nothing: Default_Ignorable_Code_Point, noncharacters, controls of annotations.</summary>
    public bool IsIgnorable => (Bits & (1 << 12)) != 0;

    /// <summary>It takes space and shows nothing.</summary>
    public bool IsBlank => (Bits & ((1 << 11) | (1 << 12) | (1 << 13))) != 0;

    /// <summary>It belongs to the character before it.</summary>
    public bool IsMark => Break is GraphemeBreak.Extend or GraphemeBreak.SpacingMark;
}

/// <summary>
/// One table of one version of Unicode, the same in Danmaku.Web, so that server and page count and clean alike on any platform (docs/protocol.md §6).
/// </summary>
internal static partial class UnicodeTable
{
    private const int FirstSyllable = 0xac00;
    private const int LastSyllable = 0xd7a3;
    private const int SyllablesWithoutFinal = 28;

    /// <summary>The start of each run of equal traits, and the traits.</summary>
    private static readonly (int[] Starts, CharTraits[] Traits) Table = Decode();

    /// <summary>The traits of U+0000–FFFF without a search, since most texts use only these: 128 KiB.</summary>
    private static readonly CharTraits[] First = [.. Enumerable.Range(0, char.MaxValue + 1).Select(Search)];

    internal static CharTraits Of(int point) => point < First.Length ? First[point] : Search(point);

    private static CharTraits Search(int point)
    {
        if (point is >= FirstSyllable and <= LastSyllable)
        {
            return new CharTraits((ushort)((point - FirstSyllable) % SyllablesWithoutFinal == 0 ? GraphemeBreak.LV : GraphemeBreak.LVT));
        }

        var (from, to) = (0, Table.Starts.Length);
        while (to - from > 1)
        {
            var middle = (from + to) / 2;
            (from, to) = Table.Starts[middle] <= point ? (middle, to) : (from, middle);
        }

        return Table.Traits[from];
    }

    private static (int[] Starts, CharTraits[] Traits) Decode()
    {
        var (starts, traits, point) = (new List<int>(), new List<CharTraits>(), 0);
        for (var i = 0; i < Runs.Length; i++)
        {
            var digits = i;
            while (char.IsAsciiHexDigitLower(Runs[i]))
            {
                i++;
            }

            starts.Add(point);
            traits.Add(new CharTraits(Classes[Letters.IndexOf(Runs[i], StringComparison.Ordinal)]));
            point += digits == i ? 1 : int.Parse(Runs.AsSpan(digits, i - digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }

        return ([.. starts], [.. traits]);
    }
}
