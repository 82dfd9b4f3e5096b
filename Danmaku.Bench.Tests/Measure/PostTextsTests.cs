using System.Text;

namespace Danmaku.Bench.Tests.Measure;

public class PostTextsTests
{
    private readonly PostTexts _texts = new(100);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(0x9abcdef)]
    [InlineData(0x7fffffff)]
    [InlineData(0x12345678)]
    public void A_text_says_which_post_it_is(int number)
    {
        var text = Encoding.UTF8.GetBytes(_texts.Text(new PostTag(number, 123_456)));

        Assert.Equal(100, text.Length);
        Assert.Equal(new PostTag(number, 123_456), _texts.TryRead(text));
        Assert.Equal(number, _texts.TryReadNumber(text));
    }

    [Fact]
    public void A_text_of_another_run_or_of_somebody_else_is_not_one_of_this_run()
    {
        var others = Encoding.UTF8.GetBytes(new PostTexts(100).Text(new PostTag(1, 1)));

        Assert.Equal(-1, _texts.TryReadNumber(others));
        Assert.Equal(-1, _texts.TryReadNumber("hello"u8));
        Assert.Null(_texts.TryRead(others));
        Assert.Null(_texts.TryRead("hello"u8));
    }
}
