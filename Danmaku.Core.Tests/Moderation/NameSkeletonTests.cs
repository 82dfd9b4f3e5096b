using Danmaku.Core.Moderation;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Moderation;

public class NameSkeletonTests
{
    /// <summary>Letters, marks and signs of many scripts, halves of pairs, and all that is not seen.</summary>
    private static readonly string[] Pieces =
    [
        "a", "I", "m", "А", "ё", "Ν", "ν", "ß", "İ", " ", "\u3000", ".", "_", "!", "|", "✓", "👑", "🇯", "①", "½", "ﬁ", "ﷺ", "Ａ", "𝐀", "\u0301", "\u0327", "\u20dd", "\u200b",
        "\u200d", "\ufe0f", "か", "ガ", "\u3099", "ﾊﾞ", "管", "\uf90a", "한", "\u11ab", "ㅏ", "ا", "\u0640", "\u064e", "\u0651", "ש", "\u05c1", "\u05bc", "क", "\u094d", "ป", "\u0e49",
        "\ud800", "\udc00", "\0", "\u2028", "\ufffe", "\U000e0061", "\u2800",
    ];

    [Property(MaxTest = 5000)]
    public void A_skeleton_stays_as_it_is(byte[] pieces) => AssertStays(Join(pieces));

    [Property(MaxTest = 2000)]
    public void A_skeleton_of_any_text_stays_as_it_is(string? text) => AssertStays(text ?? "");

    [Fact]
    public void Every_code_point_has_a_skeleton_that_stays_as_it_is()
    {
        for (var point = 0; point <= 0x10ffff; point++)
        {
            AssertStays(point is >= 0xd800 and <= 0xdfff ? $"{(char)point}" : char.ConvertFromUtf32(point));
        }
    }

    [Fact]
    public void Case_makes_no_difference_in_Latin_and_Cyrillic()
    {
        // Not where one case has several letters of the other, or is the other of none: ŉ, ǰ, ſ, ƽ.
        foreach (var letter in Enumerable.Range(0x41, 0x52f).Select(unit => (char)unit).Where(unit => unit is < '\u0250' or >= '\u0400'))
        {
            if (letter is not ('ƽ' or 'Ƽ'))
            {
                Assert.Equal(NameSkeleton.Of([char.ToUpperInvariant(letter)]), NameSkeleton.Of([char.ToLowerInvariant(letter)]));
            }
        }
    }

    [Property(MaxTest = 2000)]
    public void What_is_not_seen_makes_no_difference_anywhere(byte[] pieces, byte at)
    {
        var name = Join(pieces);
        var place = at % (name.Length + 1);
        if (place < name.Length && char.IsLowSurrogate(name[place]))
        {
            place = 0;
        }

        foreach (var hidden in (string[])["\u200b", "\u2060", "\u00ad", "\ufeff", "\U000e0041", "\u202e"])
        {
            Assert.Equal(NameSkeleton.Of(name), NameSkeleton.Of(name.Insert(place, hidden)));
        }
    }

    [Property(MaxTest = 1000)]
    public void Whoever_has_the_skeleton_of_another_looks_like_it(byte[] pieces)
    {
        var name = Join(pieces);

        Assert.True(ReservedNames.LooksLike(name, new HashSet<string> { NameSkeleton.Of(name) }));
        Assert.False(ReservedNames.LooksLike(name, new HashSet<string> { NameSkeleton.Of(name) + "x" }));
    }

    [Fact]
    public void Nobody_looks_like_another_for_nothing_but_symbols() =>
        Assert.False(ReservedNames.LooksLike("★", new HashSet<string> { NameSkeleton.Of("☂"), NameSkeleton.Of("!"), "" }));

    [Fact]
    public void A_long_name_is_read_in_time_in_proportion_to_its_length()
    {
        // Code points of many others, marks that must be sorted, gaps. In quadratic time this would take minutes.
        foreach (var piece in (string[])["ﷺ", "か\u3099", "\u0651\u064e\u05bc", "A.", "한", "\ud800", "mod"])
        {
            var long1 = string.Concat(Enumerable.Repeat(piece, 100_000));

            Assert.NotNull(NameSkeleton.Of("क" + long1));
            Assert.False(ReservedNames.Default.LooksReserved("क" + long1 + "z"));
        }
    }

    private static void AssertStays(string text)
    {
        var skeleton = NameSkeleton.Of(text);

        Assert.Equal(skeleton, NameSkeleton.Of(skeleton));
        Assert.Equal(skeleton, string.Concat(skeleton.EnumerateRunes().Select(rune => rune.ToString())));
    }

    private static string Join(byte[] pieces) => string.Concat(pieces.Select(piece => Pieces[piece % Pieces.Length]));
}
