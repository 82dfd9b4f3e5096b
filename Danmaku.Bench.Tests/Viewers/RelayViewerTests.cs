using System.Text;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Viewers;

namespace Danmaku.Bench.Tests.Viewers;

/// <summary>With two authors: even posts are the first one's, odd posts the second one's.</summary>
public sealed class RelayViewerTests : IDisposable
{
    private readonly ViewerFixture _room = new(isAnswered: false);

    public RelayViewerTests()
    {
        _room.Room.Posters.AddRange([new RelayViewer(_room.Room, null) { Index = 0 }, new RelayViewer(_room.Room, null) { Index = 0 }]);
        _room.Room.Book.BeginMeasuring();
        _room.Open(6);
    }

    public void Dispose() => _room.Dispose();

    [Theory]
    [InlineData(0, 1, 2, 3, 4, 5)]
    [InlineData(1, 3, 0, 2, 5, 4)]
    public void The_order_of_each_author_is_what_counts(params int[] numbers)
    {
        var viewer = Viewer(numbers);

        Assert.True(viewer.HasEverything());
        Assert.Equal(Sequences.None, viewer.Check(isOver: true));
    }

    [Theory]
    [InlineData(1, 0, 0, 0, 1, 3, 4, 5)]
    [InlineData(0, 1, 0, 0, 1, 2, 2, 3, 4, 5)]
    [InlineData(0, 0, 1, 0, 1, 4, 3, 2, 5)]
    [InlineData(2, 0, 0, 0, 1, 2, 3)]
    [InlineData(1, 0, 0, 2, 1, 3, 4, 5)]
    public void Missing_doubled_and_reordered_danmaku_are_counted(int missing, int doubled, int reordered, params int[] numbers) =>
        Assert.Equal(
            Sequences.None with { Missing = missing, Doubled = doubled, Reordered = reordered },
            Viewer(numbers).Check(isOver: true));

    [Fact]
    public void Nothing_is_missing_as_long_as_it_may_still_come()
    {
        var viewer = Viewer(0, 1);

        Assert.False(viewer.HasEverything());
        Assert.Equal(Sequences.None, viewer.Check(isOver: false));
    }

    [Fact]
    public void Of_signalr_several_calls_in_one_message_are_taken_apart()
    {
        var viewer = new SignalRViewer(_room.Room, _room.Latency) { Index = 0 };

        viewer.OnText("{}\u001e"u8, isDeflated: false);
        viewer.OnText(Encoding.ASCII.GetBytes("{\"type\":6}\u001e" + string.Concat(Enumerable.Range(0, 6).Select(Said))), isDeflated: false);

        Assert.True(viewer.IsJoined);
        Assert.Equal(6, viewer.Deliveries);
        Assert.Equal(Sequences.None, viewer.Check(isOver: true));
    }

    private string Said(int number) =>
        $$"""{"type":1,"target":"said","arguments":["{{Encoding.ASCII.GetString(_room.Text(number))}}"]}""" + '\u001e';

    private RelayViewer Viewer(params int[] numbers)
    {
        var viewer = new RelayViewer(_room.Room, _room.Latency) { Index = 0 };
        foreach (var number in numbers)
        {
            viewer.OnText(_room.Text(number), isDeflated: false);
        }

        return viewer;
    }
}
