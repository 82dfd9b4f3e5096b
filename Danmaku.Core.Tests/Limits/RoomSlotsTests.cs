using Danmaku.Core.Limits;

namespace Danmaku.Core.Tests.Limits;

public sealed class RoomSlotsTests
{
    private readonly RoomSlots _slots = new(2);
    private readonly List<string> _closed = [];

    [Fact]
    public void A_room_that_is_watched_never_closes_for_another()
    {
        Open("a").Watch();
        Open("b").Watch();

        Assert.Null(TryOpen("c"));
        Assert.Empty(_closed);
    }

    [Fact]
    public void The_room_that_nobody_has_watched_for_the_longest_closes()
    {
        var a = Open("a");
        Open("b");
        a.Watch();
        a.Unwatch();

        Open("c");
        Open("d");

        Assert.Equal(["b", "a"], _closed);
        Assert.True(a.IsLost);
    }

    [Fact]
    public void A_room_that_has_lost_its_place_gives_none_back()
    {
        var a = Open("a");
        Open("b").Watch();
        Open("c").Watch();

        a.Return();

        Assert.Null(TryOpen("d"));
    }

    [Fact]
    public void A_room_that_closes_makes_place()
    {
        Open("a").Watch();
        var b = Open("b");
        b.Watch();

        b.Return();

        Assert.NotNull(TryOpen("c"));
        Assert.Empty(_closed);
    }

    [Fact]
    public void A_room_watched_just_after_it_lost_its_slot_takes_another_rooms_slot()
    {
        var a = Open("a");
        Open("b");
        Open("c");

        a.Watch();

        Assert.False(a.IsLost);
        Assert.Equal(["a", "b"], _closed);
        Open("d").Watch();
        Assert.Null(TryOpen("e"));
    }

    private RoomSlots.Slot Open(string room) => TryOpen(room)!;

    private RoomSlots.Slot? TryOpen(string room) => _slots.TryTake(() => _closed.Add(room));
}
