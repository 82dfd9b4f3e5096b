using Danmaku.Bench.Measure;
using Danmaku.Bench.Viewers;
using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Tests.Viewers;

public sealed class PlainViewerTests : IDisposable
{
    private readonly ViewerFixture _room = new();

    public void Dispose() => _room.Dispose();

    [Fact]
    public void Danmaku_in_the_order_of_acknowledgements_are_clean()
    {
        _room.Room.Book.BeginMeasuring();
        _room.Accept(5);

        Assert.Equal(Sequences.None, Check(Viewer(0, 1, 2, 3, 4)));
    }

    [Fact]
    public void A_viewer_that_saw_another_order_than_the_first_is_the_one_that_acknowledgements_say()
    {
        _room.Room.Book.BeginMeasuring();
        _room.Accept(5);

        var (wrong, right) = (Viewer(0, 2, 1, 3, 4), Viewer(0, 1, 2, 3, 4));

        Assert.Equal(Sequences.None with { Reordered = 1 }, Check(wrong));
        Assert.Equal(Sequences.None, Check(right));
    }

    [Theory]
    [InlineData(1, 0, 0, 1, 3, 4)]
    [InlineData(1, 0, 0, 1, 2, 3)]
    [InlineData(0, 1, 0, 1, 1, 2, 3, 4)]
    [InlineData(1, 0, 1, 2, 3, 4)]
    public void Missing_and_doubled_danmaku_are_counted(int missing, int doubled, params int[] numbers)
    {
        _room.Room.Book.BeginMeasuring();
        _room.Accept(5);

        Assert.Equal(Sequences.None with { Missing = missing, Doubled = doubled }, Check(Viewer(numbers)));
    }

    [Fact]
    public void Before_the_measurement_a_viewer_may_begin_anywhere()
    {
        _room.Accept(5);

        Assert.Equal(Sequences.None, Check(Viewer(2, 3, 4)));
    }

    [Fact]
    public void One_that_comes_late_may_begin_anywhere_and_must_get_the_rest()
    {
        _room.Room.Book.BeginMeasuring();
        _room.Accept(5);
        var viewer = new PlainViewer(_room.Room, _room.Latency) { Index = 0, IsLate = true };

        viewer.OnText(_room.Text(2), isDeflated: false);
        viewer.OnText(_room.Text(3), isDeflated: false);

        Assert.False(viewer.HasEverything());
        Assert.Equal(Sequences.None with { Missing = 1 }, Check(viewer));
    }

    [Fact]
    public void A_danmaku_whose_post_nobody_acknowledged_has_no_place()
    {
        _room.Open(2);
        _room.Room.Book.Acked(0, new Position(ViewerFixture.Epoch, 1), isDurable: true, nowMicros: 0);

        Assert.Equal(Sequences.None with { Unplaced = 1 }, Check(Viewer(0, 1)));
    }

    [Fact]
    public void Nothing_at_all_is_silence_and_other_texts_are_foreign()
    {
        _room.Accept(1);
        var viewer = new PlainViewer(_room.Room, _room.Latency) { Index = 0 };

        viewer.OnText("hello"u8, isDeflated: false);

        Assert.Equal(Sequences.None with { Silent = 1, Foreign = 1 }, Check(viewer));
    }

    private static Sequences Check(PlainViewer viewer) => viewer.Check(isOver: true);

    private PlainViewer Viewer(params int[] numbers)
    {
        var viewer = new PlainViewer(_room.Room, _room.Latency) { Index = 0 };
        foreach (var number in numbers)
        {
            viewer.OnText(_room.Text(number), isDeflated: false);
        }

        return viewer;
    }
}
