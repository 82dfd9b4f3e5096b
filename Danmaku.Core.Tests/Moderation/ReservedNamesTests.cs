using Danmaku.Core.Moderation;

namespace Danmaku.Core.Tests.Moderation;

public class ReservedNamesTests
{
    [Theory]
    [InlineData("Wizard", true)]
    [InlineData("wіzаrd", true)]
    [InlineData("the WIZARD!", true)]
    [InlineData("Wizardry", false)]
    [InlineData("Admin", true)]
    [InlineData("鸽子", true)]
    [InlineData("鸽子 Bob", true)]
    [InlineData("小鸽子们", false)]
    [InlineData("the Danmaku-Team ✓", true)]
    [InlineData("Dan Makuteam", true)]
    [InlineData("Dan Makuteam Bob", false)]
    public void More_words_can_be_reserved(string name, bool isReserved) =>
        Assert.Equal(isReserved, ReservedNames.Default.And(["wizard", "鸽子", "Danmaku Team"]).LooksReserved(name));

    [Fact]
    public void Other_words_can_be_reserved_instead()
    {
        var names = new ReservedNames(["wizard"], ["鸽子"]);

        Assert.True(names.LooksReserved("Wizard"));
        Assert.True(names.LooksReserved("小鸽子们"));
        Assert.False(names.LooksReserved("Admin"));
    }

    [Fact]
    public void Nothing_may_be_reserved()
    {
        var names = new ReservedNames([], []);

        Assert.False(names.LooksReserved("Admin"));
        Assert.False(names.LooksReserved(""));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \u200b")]
    [InlineData("✓")]
    [InlineData("...")]
    public void A_word_without_letters_is_a_mistake(string word) =>
        Assert.Throws<ArgumentException>(() => ReservedNames.Default.And([word]));
}
