using Danmaku.Actors.Rooms;
using Danmaku.Core.Limits;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Rooms;

public sealed class AttachedEdgesTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ManualTimeProvider _time = new();
    private readonly RoomSlots _slots = new(1);
    private readonly RoomSlots.Slot _slot;
    private readonly Listener _edge = new("edge");
    private readonly AttachedEdges _edges;
    private bool _isLost;

    public AttachedEdgesTests()
    {
        _slot = _slots.TryTake(() => _isLost = true)!;
        _edges = new AttachedEdges(_slot, _time);
    }

    [Fact]
    public void Viewers_are_counted_over_all_edges_and_a_number_that_is_no_news_is_told_apart()
    {
        Assert.True(_edges.TryCount(_edge, 3, out var isFirstNews));
        Assert.True(_edges.TryCount(new Listener("another"), 4, out _));
        Assert.True(_edges.TryCount(_edge, 3, out var isSecondNews));

        Assert.Equal((true, false, 7), (isFirstNews, isSecondNews, _edges.Viewers));
    }

    [Fact]
    public void More_edges_than_the_bound_are_not_counted_and_those_that_are_go_on()
    {
        for (var i = 0; i < AttachedEdges.MaxEdges; i++)
        {
            Assert.True(_edges.TryCount(new Listener($"edge-{i}"), 1, out _));
        }

        Assert.False(_edges.TryCount(_edge, 1, out _));
        Assert.Equal(AttachedEdges.MaxEdges, _edges.Viewers);
    }

    [Fact]
    public void An_edge_that_is_silent_for_too_long_has_expired()
    {
        var asking = new Listener("asking");
        _edges.TryCount(_edge, 1, out _);
        _edges.TryCount(asking, 1, out _);
        _time.Advance(Minute);
        _edges.Seen(asking);
        _time.Advance(Minute);

        Assert.Same(_edge, Assert.Single(_edges.Expired()));
    }

    [Fact]
    public void A_room_is_idle_when_it_has_had_neither_edges_nor_posts_for_long()
    {
        _edges.TryCount(_edge, 1, out _);
        _time.Advance(Minute);
        Assert.False(_edges.HasBeenIdleFor(Minute));

        _edges.Remove(_edge);
        _time.Advance(Minute / 2);
        _edges.Visited();
        _time.Advance(Minute / 2);
        Assert.False(_edges.HasBeenIdleFor(Minute));

        _time.Advance(Minute / 2);
        Assert.True(_edges.HasBeenIdleFor(Minute));
    }

    [Fact]
    public void A_room_that_an_edge_watches_or_is_about_to_keeps_its_slot_and_loses_it_when_the_last_has_gone()
    {
        _edges.Expect();
        Assert.Null(_slots.TryTake(() => { }));
        _edges.TryCount(_edge, 1, out _);
        _edges.Visited();
        Assert.Null(_slots.TryTake(() => { }));

        _edges.Remove(_edge);

        Assert.NotNull(_slots.TryTake(() => { }));
        Assert.True(_isLost);
    }
}
