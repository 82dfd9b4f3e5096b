using Danmaku.Core.Moderation;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Moderation;

public class FoldedTextTests
{
    [Theory]
    [InlineData("Stupid")]
    [InlineData("ＳＴＵＰＩＤ")]
    [InlineData("𝓼𝓽𝓾𝓹𝓲𝓭")]
    [InlineData("ⓢⓣⓤⓟⓘⓓ")]
    [InlineData("ѕtuрid")]
    [InlineData("stúpïd")]
    [InlineData("s\u0336t\u0336u\u0336p\u0336i\u0336d\u0336")]
    [InlineData("stu\u200bpid")]
    [InlineData("s\u00adt\u2060upi\U000e0061d")]
    [InlineData("stuuuuupiiid")]
    [InlineData("StUUupID")]
    [InlineData("stup1d")]
    public void What_people_read_as_the_same_is_the_same(string written) =>
        Assert.Equal(FoldedText.Of("stupid").Text, FoldedText.Of(written).Text);

    [Theory]
    [InlineData("ガンダム", "ｶﾞﾝﾀﾞﾑ")]
    [InlineData("Дурак", "ДУРАК")]
    [InlineData("йод", "иод")]
    [InlineData("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af")]
    [InlineData("a b", "a \u3000\t b")]
    [InlineData("خطأ", "خـــطأ")]
    [InlineData("ㅋ", "ㅋㅋㅋㅋ")]
    public void So_it_is_in_other_scripts(string one, string other) => Assert.Equal(FoldedText.Of(one).Text, FoldedText.Of(other).Text);

    [Theory]
    [InlineData("か", "が")]
    [InlineData("कि", "की")]
    [InlineData("ab", "a b")]
    [InlineData("ab", "a.b")]
    [InlineData("傻瓜", "傻爪")]
    public void What_people_tell_apart_is_not(string one, string other) => Assert.NotEqual(FoldedText.Of(one).Text, FoldedText.Of(other).Text);

    [Theory]
    [InlineData("you stuuupid!", "stupid", "you ********!")]
    [InlineData("STÜPİD", "stupid", "******")]
    [InlineData("a 𝓼𝓽𝓾𝓹𝓲𝓭 cat", "stupid", "a ************ cat")]
    [InlineData("x s\u0301t\u200bupid\u0301\u0302 y", "stupid", "x ********** y")]
    [InlineData("前方ＢＡＤ高能", "bad", "前方***高能")]
    [InlineData("ein ﬁes", "fies", "ein ***")]
    [InlineData("나쁜말!", "나쁜말", "***!")]
    [InlineData("dummmmb", "dumb", "*******")]
    public void A_word_that_was_found_can_be_masked_where_it_was_written(string written, string word, string masked)
    {
        var (folded, wanted) = (FoldedText.Of(written), FoldedText.Of(word).Text);

        var source = folded.Source(folded.Text.IndexOf(wanted, StringComparison.Ordinal), wanted.Length);

        var (start, length) = source.GetOffsetAndLength(written.Length);
        Assert.Equal(masked, written[..start] + new string('*', length) + written[(start + length)..]);
    }

    [Fact]
    public void Runs_can_be_told_apart()
    {
        var (god, good, goood) = (FoldedText.Of("god"), FoldedText.Of("good"), FoldedText.Of("gOоod"));

        Assert.Equal((god.Text, god.Text), (good.Text, goood.Text));
        Assert.Equal((1, 2, 3), (god[1].Times, good[1].Times, goood[1].Times));
    }

    [Property(MaxTest = 3000)]
    public void Sources_follow_each_other_and_lie_in_the_text(string? written)
    {
        var folded = FoldedText.Of(written ?? "");

        var end = 0;
        for (var i = 0; i < folded.Text.Length; i++)
        {
            var piece = folded[i];
            Assert.True(piece.Times > 0 && piece.Start < piece.End && piece.End <= written!.Length);
            Assert.True(piece.Start >= end || piece == folded[i - 1]);
            end = piece.End;
        }
    }
}
