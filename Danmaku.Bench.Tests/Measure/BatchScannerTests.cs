using System.Text;
using Danmaku.Bench.Measure;
using Danmaku.Testing;

namespace Danmaku.Bench.Tests.Measure;

public class BatchScannerTests
{
    [Theory]
    [InlineData("""{"type":"batch","epoch":1790000000000,"offset":41,"comments":[{"time":1,"name":"A","text":"x"}]}""", 41, 1)]
    [InlineData("""{"type":"batch","epoch":7,"offset":2,"comments":[{"time":1,"name":"{\"time\":","text":"{\"time\":"},{"time":2,"name":"B","text":"y"}]}""", 2, 2)]
    public void A_usual_batch_is_counted_without_parsing_it(string message, long offset, int expected)
    {
        Assert.True(BatchScanner.TryScan(Encoding.UTF8.GetBytes(message), out var first, out var count));

        Assert.Equal(offset, first.Offset);
        Assert.Equal(expected, count);
    }

    [Theory]
    [InlineData("""{"type":"viewers","count":3}""")]
    [InlineData("""{"epoch":7,"type":"batch","offset":2,"comments":[{"time":1,"name":"A","text":"x"}]}""")]
    [InlineData("""{"type":"batch","epoch":7,"offset":1,"previous":null,"comments":[{"time":1,"name":"A","text":"x"}]}""")]
    [InlineData("""{"type":"batch","epoch":7,"offset":2,"comments":[]}""")]
    [InlineData("")]
    public void Any_other_message_is_left_to_the_parser(string message) =>
        Assert.False(BatchScanner.TryScan(Encoding.UTF8.GetBytes(message), out _, out _));

    [Fact]
    public void The_batches_of_the_protocols_vectors_are_scanned_or_left_as_the_parser_reads_them()
    {
        var texts = new PostTexts(100);
        var full = new ServerMessage();
        var scanned = 0;
        foreach (var vector in Vectors.Read("server-messages"))
        {
            var message = Encoding.UTF8.GetBytes(vector.GetProperty("text").GetString()!);
            full.Read(message, texts);
            if (BatchScanner.TryScan(message, out var first, out var count))
            {
                scanned++;
                Assert.Equal("batch", full.Type);
                Assert.Equal((full.First, full.Comments.Count), (first, count));
            }
        }

        Assert.True(scanned > 0);
    }
}
