using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Identities;

public class TokenNameTests
{
    [Theory]
    [InlineData("  Mei\tLi ", "Mei Li")]
    [InlineData("Maximilian Mustermann-Schmidt", "Maximilian Mustermann-Sc")]
    [InlineData("12345678901234567890123 5", "12345678901234567890123")]
    [InlineData("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦")]
    public void A_name_is_cleaned_and_cut_at_a_whole_character(string said, string shown) => Assert.Equal(shown, TokenName.Fit(said));

    [Theory]
    [InlineData("")]
    [InlineData("\u2800")]
    [InlineData("a\u001bb")]
    public void A_name_that_cannot_be_shown_is_none(string said) => Assert.Null(TokenName.Fit(said));

    [Property(MaxTest = 500)]
    public void Whatever_is_left_may_be_shown(string said)
    {
        var shown = TokenName.Fit(string.Concat(Enumerable.Repeat(said ?? "", 5)));

        Assert.True(shown is null || TextRules.Check(shown, TextRules.MaxNameChars, out _) is null);
    }
}
