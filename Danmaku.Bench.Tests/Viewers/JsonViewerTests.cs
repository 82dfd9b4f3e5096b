using System.IO.Compression;
using System.Text;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Tests.Viewers;

public sealed class JsonViewerTests : IDisposable
{
    /// <summary>Enough to take longer than a thread is left alone.</summary>
    private const int Many = 20_000;

    private readonly ViewerFixture _room = new();

    public void Dispose() => _room.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Danmaku_that_come_once_and_in_order_are_clean(bool isSampled)
    {
        _room.Accept(3);
        var viewer = _room.Welcomed(isSampled);

        viewer.OnText(_room.Batch(1, 0), false);
        viewer.OnText(_room.Batch(2, 1, 2), false);

        Assert.True(viewer.HasEverything());
        Assert.Equal(3, viewer.Deliveries);
        Assert.Equal(Sequences.None, viewer.Check(isOver: true));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Missing_and_repeated_danmaku_are_counted(bool isSampled)
    {
        _room.Accept(4);
        var viewer = _room.Welcomed(isSampled);

        viewer.OnText(_room.Batch(1, 0), false);
        viewer.OnText(_room.Batch(3, 2), false);
        viewer.OnText(_room.Batch(3, 2), false);

        Assert.False(viewer.HasEverything());
        Assert.Equal(Sequences.None with { Missing = 2, Doubled = 1 }, viewer.Check(isOver: true));
    }

    [Fact]
    public async Task Runs_that_go_on_at_the_same_time_do_not_mix()
    {
        using var start = new Barrier(2);

        var results = await Task.WhenAll(LoadRun.StartAsync(Run), LoadRun.StartAsync(Run));

        Assert.All(results, result => Assert.Equal(Sequences.None, result));

        Sequences Run()
        {
            using var room = new ViewerFixture();
            room.Accept(Many);
            var viewer = room.Welcomed();
            var batches = Enumerable.Range(0, Many).Select(i => room.Batch(i + 1, i)).ToArray();
            start.SignalAndWait();
            foreach (var batch in batches)
            {
                viewer.OnText(batch, false);
            }

            return viewer.Check(isOver: true);
        }
    }

    [Fact]
    public void A_viewer_that_gets_the_same_bytes_as_another_measures_as_if_it_had_read_them()
    {
        _room.Room.Book.BeginMeasuring();
        _room.Accept(2);
        var (first, second) = (_room.Welcomed(), _room.Welcomed());

        first.OnText(_room.Batch(1, 0, 1), false);
        second.OnText(_room.Batch(1, 0, 1), false);

        Assert.Equal(4, _room.Latency.Summary().Count);
        Assert.Equal(2, second.Deliveries);
    }

    [Fact]
    public void A_post_that_stands_where_its_acknowledgement_does_not_say_is_a_contradiction()
    {
        _room.Accept(2);
        var viewer = _room.Welcomed();

        viewer.OnText(_room.Batch(1, 1, 0), false);

        Assert.Equal(2, _room.Room.Book.Summary().Contradictions);
    }

    [Fact]
    public void A_compressed_batch_is_read_like_any_other()
    {
        _room.Accept(2);
        var viewer = _room.Welcomed();

        viewer.OnText(Deflated(_room.Batch(1, 0, 1)), isDeflated: true);

        Assert.Equal(2, viewer.Deliveries);
        Assert.Equal(Sequences.None, viewer.Check(isOver: true));
    }

    [Fact]
    public void Danmaku_of_others_are_told_apart()
    {
        _room.Accept(1);
        var viewer = _room.Welcomed();

        viewer.OnText(Encoding.UTF8.GetBytes($$"""{"type":"batch","epoch":{{ViewerFixture.Epoch}},"offset":1,"previous":null,"comments":[{"time":1,"name":"A","text":"弹幕"}]}"""), false);

        Assert.Equal(1, viewer.Check(isOver: true).Foreign);
    }

    [Fact]
    public void A_post_of_this_run_that_nobody_has_posted_ends_the_connection()
    {
        var viewer = _room.Welcomed();

        Assert.Throws<InvalidDataException>(() => viewer.OnText(_room.Batch(1, 0), false));
    }

    /// <summary>As RFC 7692 §7.2.1 has it: flushed to a byte, without the last four.</summary>
    private static byte[] Deflated(byte[] message)
    {
        using var output = new MemoryStream();
        using (var deflating = new DeflateStream(output, CompressionLevel.Fastest))
        {
            deflating.Write(message);
            deflating.Flush();
            return output.ToArray()[..^4];
        }
    }
}
