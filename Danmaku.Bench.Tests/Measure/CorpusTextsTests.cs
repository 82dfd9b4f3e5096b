using System.Text;
using Danmaku.Bench.Measure;
using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Tests.Measure;

public class CorpusTextsTests
{
    private readonly CorpusTexts _texts = new();

    [Fact]
    public void Any_post_can_be_told_from_its_text()
    {
        for (var number = 0; number < 2000; number++)
        {
            var text = Encoding.UTF8.GetBytes(_texts.Text(new PostTag(number, number * 10)));

            Assert.Equal(number, _texts.TryReadNumber(text));
            Assert.Equal(new PostTag(number, number * 10), _texts.TryRead(text));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("hello 0001")]
    [InlineData("hello 00弹")]
    public void Any_other_text_is_not_one_of_this_run(string text)
    {
        Assert.Equal(-1, _texts.TryReadNumber(Encoding.UTF8.GetBytes(text)));
        Assert.Null(_texts.TryRead(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void The_corpus_has_hundreds_of_different_remarks_that_a_node_takes_as_they_are()
    {
        Assert.True(CorpusTexts.Remarks.Count > 300);
        Assert.Equal(CorpusTexts.Remarks.Count, CorpusTexts.Remarks.Distinct().Count());
        Assert.All(CorpusTexts.Remarks, remark =>
        {
            Assert.Null(TextRules.Check(remark, RoomLimits.Default.MaxTextChars - 5, out var text));
            Assert.Equal(remark, text);
            Assert.DoesNotContain('"', remark);
            Assert.DoesNotContain('\\', remark);
        });
        Assert.Contains(CorpusTexts.Remarks, remark => remark.Any(c => c is >= '\u4e00' and <= '\u9fff'));
        Assert.Contains(CorpusTexts.Remarks, remark => remark.Any(c => c is >= '\u3040' and <= '\u30ff'));
    }

    [Fact]
    public void Neighbours_in_time_are_not_neighbours_in_the_corpus_and_all_are_said()
    {
        var count = CorpusTexts.Remarks.Count;

        var said = Enumerable.Range(0, count).Select(number => _texts.Text(new PostTag(number, 0))[..^5]).ToArray();

        Assert.Equal(count, said.Distinct().Count());
    }
}
