using Danmaku.Core.Segments;

namespace Danmaku.Core.Tests.Segments;

public class SegmentNameTests
{
    [Theory]
    [InlineData("1.1000-0")]
    [InlineData("1-0")]
    [InlineData("1001.1001-12")]
    [InlineData("9007199254740001-9007199254740991")]
    public void A_name_is_read_as_it_is_written(string text)
    {
        Assert.True(SegmentName.TryParse(text, out var name));
        Assert.Equal(text, name.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("0-0")]
    [InlineData("01-0")]
    [InlineData("1-00")]
    [InlineData("1--0")]
    [InlineData("-1-0")]
    [InlineData("+1-0")]
    [InlineData(" 1-0")]
    [InlineData("1.-0")]
    [InlineData("1.1.1-0")]
    [InlineData("2.1-0")]
    [InlineData("1.1001-0")]
    [InlineData("١-0")]
    [InlineData("9007199254740992-0")]
    [InlineData("99999999999999999-0")]
    public void A_name_has_no_other_spelling(string? text) => Assert.False(SegmentName.TryParse(text, out _));
}
