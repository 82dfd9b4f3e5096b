using System.Text;
using Danmaku.Core.Rooms;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Rooms;

public class TextRulesTests
{
    [Theory]
    [InlineData("hi", "hi")]
    [InlineData("  弹幕! \t\n", "弹幕!")]
    [InlineData("\u3000full width\u00a0", "full width")]
    [InlineData("👨‍👩‍👧", "👨‍👩‍👧")]
    [InlineData("<b>&\"", "<b>&\"")]
    [InlineData("עברית \u200fعربي", "עברית \u200fعربي")]
    public void A_text_is_shown_without_white_space_at_its_ends(string text, string shown)
    {
        Assert.Null(TextRules.Check(text, 100, out var trimmed));

        Assert.Equal(shown, trimmed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("\r\n\t")]
    [InlineData("\u3000\u2003")]
    [InlineData("\u200b")]
    [InlineData("\u200d \ufeff\u2060")]
    [InlineData("\u00ad\u034f\u115f\u1160\u3164\uffa0\u200e")]
    public void A_text_in_which_nothing_can_be_seen_is_empty(string text) =>
        Assert.Equal(RejectReason.TextEmpty, TextRules.Check(text, 100, out _));

    [Theory]
    [InlineData(0x00)]
    [InlineData(0x0a)]
    [InlineData(0x1f)]
    [InlineData(0x7f)]
    [InlineData(0x85)]
    [InlineData(0x9f)]
    [InlineData(0x2028)]
    [InlineData(0x2029)]
    [InlineData(0xd800)]
    [InlineData(0xdbff)]
    [InlineData(0xdc00)]
    [InlineData(0xdfff)]
    public void Controls_separators_and_halves_of_pairs_are_refused(int unit) =>
        Assert.Equal(RejectReason.TextInvalid, TextRules.Check($"a{(char)unit}b", 100, out _));

    [Theory]
    [InlineData(0x20)]
    [InlineData(0x7e)]
    [InlineData(0xa0)]
    [InlineData(0x2027)]
    [InlineData(0x202f)]
    [InlineData(0xfffd)]
    public void Their_neighbours_are_not(int unit) => Assert.Null(TextRules.Check($"a{(char)unit}b", 100, out _));

    [Theory]
    [InlineData("a")]
    [InlineData("弹")]
    [InlineData("😀")]
    [InlineData("क्षि")]
    [InlineData("👩🏽‍💻")]
    public void The_length_is_counted_in_what_people_take_for_characters(string character)
    {
        var longest = string.Concat(Enumerable.Repeat(character, 100));

        Assert.Null(TextRules.Check("  " + longest + "  ", 100, out _));
        Assert.Equal(RejectReason.TextTooLong, TextRules.Check(longest + character, 100, out _));
    }

    [Fact]
    public void An_enormous_text_is_too_long_whatever_is_in_it() =>
        Assert.Equal(RejectReason.TextTooLong, TextRules.Check(new string('\u202e', 1_000_000), 100, out _));

    [Fact]
    public void A_text_is_counted_alike_with_the_table_and_without_it()
    {
        for (var unit = 0; unit <= char.MaxValue; unit++)
        {
            // With an emoji at its end the table is asked.
            var text = $"a{(char)unit}a";
            var (alone, mixed) = (TextRules.Check(text, 3, out var shown), TextRules.Check(text + "😀", 4, out var whole));

            Assert.True(alone == mixed && (alone is not null || whole == shown + "😀"), $"U+{unit:X4}");
            Assert.True(alone is not null || TextRules.Check(text, Graphemes.Count(shown) - 1, out _) == RejectReason.TextTooLong, $"U+{unit:X4}");
        }
    }

    /// <summary>Letters, marks, emoji and all that may stay only where it means something, in any order.</summary>
    private static readonly string[] Pieces =
    [
        "a", " ", "\t", "\u0301", "क", "\u094d", "ع", "\u200c", "\u200d", "\ufe0f", "\ufe00", "\u180b", "\u180e", "ᠠ", "\u034f", "\u115f", "\u1160", "\u1161", "\u1100",
        "\u200f", "👨", "🏽", "🇯", "🏴", "\U000e0067", "\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "葛", "\U000e0100", "\u2800", "\u202e", "\u3164", "弹",
    ];

    [Property(MaxTest = 5000)]
    public void A_cleaned_text_does_not_change_again(byte[] pieces)
    {
        var text = string.Concat(pieces.Select(piece => Pieces[piece % Pieces.Length]));

        if (TextRules.Check(text, 100, out var shown) is null)
        {
            Assert.Null(TextRules.Check(shown, 100, out var again));
            Assert.Equal(shown, again);
        }
    }

    [Property(MaxTest = 1000)]
    public void Whatever_is_shown_is_short_well_formed_visible_and_free_of_controls(string? text)
    {
        if (TextRules.Check(text ?? "", 10, out var trimmed) is not null)
        {
            return;
        }

        var runes = trimmed.EnumerateRunes().ToList();
        Assert.InRange(runes.Count, 1, 10 * TextRules.PointsPerChar);
        Assert.InRange(Graphemes.Count(trimmed), 1, 10);
        Assert.Equal(trimmed, string.Concat(runes));
        Assert.Equal(trimmed.Trim(), trimmed);
        Assert.DoesNotContain(runes, rune => Rune.IsControl(rune));
    }

    [Property(MaxTest = 1000)]
    public void A_shown_text_is_valid_again(string? text)
    {
        if (TextRules.Check(text ?? "", 20, out var trimmed) is null)
        {
            Assert.Null(TextRules.Check(trimmed, 20, out var again));
            Assert.Equal(trimmed, again);
        }
    }
}
