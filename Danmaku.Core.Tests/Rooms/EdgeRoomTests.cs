using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

public class EdgeRoomTests
{
    private static readonly Position End5 = new(5, 3);

    private readonly EdgeRoom _edge = new(RoomLimits.Default);

    [Fact]
    public void A_viewer_that_missed_more_than_a_page_gets_it_page_by_page()
    {
        var size = Comments.At(5, 1).Bytes;
        var edge = new EdgeRoom(RoomLimits.Default with { PageBytes = 2 * size });
        edge.Attached(new RoomHead(new Position(5, 5), Position.None), [Comments.Batch(5, Position.None, 1, 5)]);

        var (first, seen) = (edge.Join(new Position(5, 0), 0), new List<string>());
        for (var start = first; ; start = edge.Join(start.Batches[^1].Last, 0))
        {
            seen.AddRange(start.Batches.Texts());
            if (!start.HasMore)
            {
                break;
            }
        }

        Assert.Equal(["5:1", "5:2"], first.Batches.Texts());
        Assert.Equal(["5:1", "5:2", "5:3", "5:4", "5:5"], seen);
    }

    [Fact]
    public void Danmaku_of_the_first_attach_are_history_and_not_live()
    {
        _edge.Attached(HeadOf(5, 3), [Comments.Batch(5, default, 2, 3)]);

        Assert.False(_edge.HasReady);
        Assert.Equal(new Position(5, 3), _edge.Top);
        Assert.Equal(["5:2", "5:3"], _edge.Join(null, 50).Batches.Texts());
    }

    [Fact]
    public void Slices_that_came_before_the_first_attach_are_used_in_their_turn()
    {
        _edge.Slice(Comments.Batch(5, default, 6, 7));
        _edge.OnHead(HeadOf(5, 9));
        Assert.Null(_edge.Missing);

        _edge.Attached(HeadOf(5, 4), [Comments.Batch(5, default, 3, 4)]);

        Assert.Equal(new MissingRange(5, 5, 5), _edge.Missing);
        _edge.Slice(Comments.Batch(5, default, 5, 5));
        Assert.Equal(new MissingRange(5, 8, 9), _edge.Missing);
        Assert.Equal(["5:5", "5:6", "5:7"], Taken());
    }

    [Fact]
    public void Repeats_and_overlaps_are_delivered_once()
    {
        _edge.Attached(HeadOf(5, 0), []);

        _edge.Slice(Comments.Batch(5, default, 1, 3));
        _edge.Slice(Comments.Batch(5, default, 1, 3));
        _edge.Slice(Comments.Batch(5, default, 2, 5));

        Assert.Equal(["5:1", "5:2", "5:3", "5:4", "5:5"], Taken());
        Assert.Empty(Taken());
    }

    [Fact]
    public void An_early_slice_waits_for_exactly_the_missing_range()
    {
        _edge.Attached(HeadOf(5, 0), []);

        _edge.Slice(Comments.Batch(5, default, 4, 5));

        Assert.False(_edge.HasReady);
        Assert.Equal(new MissingRange(5, 1, 3), _edge.Missing);
        _edge.Attached(HeadOf(5, 5), [Comments.Batch(5, default, 1, 3)]);
        Assert.Null(_edge.Missing);
        Assert.Equal(["5:1", "5:2", "5:3", "5:4", "5:5"], Taken());
    }

    [Fact]
    public void A_head_alone_shows_that_the_newest_is_missing()
    {
        _edge.Attached(HeadOf(5, 1), []);

        _edge.OnHead(HeadOf(5, 3));

        Assert.Equal(new MissingRange(5, 2, 3), _edge.Missing);
    }

    [Fact]
    public void An_epoch_is_entered_when_the_one_before_is_complete_to_its_end()
    {
        _edge.Attached(HeadOf(5, 1), []);

        _edge.Slice(Comments.Batch(6, End5, 1, 2));

        Assert.False(_edge.HasReady);
        Assert.Equal(new MissingRange(5, 2, 3), _edge.Missing);
        _edge.Slice(Comments.Batch(5, default, 2, 3));
        var batches = Batches();
        Assert.Equal(["5:2", "5:3", "6:1", "6:2"], batches.Texts());
        Assert.Equal([5L, 6L], batches.Select(batch => batch.Epoch));
        Assert.Equal(End5, batches[1].Previous);
    }

    [Fact]
    public void A_chain_of_epochs_is_walked_through_at_once_when_it_is_complete()
    {
        _edge.Attached(HeadOf(5, 3), []);

        _edge.Slice(Comments.Batch(8, new Position(7, 1), 1, 1));
        _edge.Slice(Comments.Batch(7, End5, 1, 1));

        Assert.Equal(["7:1", "8:1"], Taken());
    }

    [Fact]
    public void An_epoch_of_which_nothing_was_kept_stops_no_viewer()
    {
        _edge.Attached(HeadOf(5, 3), []);
        _edge.OnHead(new RoomHead(new Position(6, 0), End5));
        Assert.Equal(new Position(6, 0), _edge.Top);

        _edge.Slice(Comments.Batch(7, End5, 1, 1));

        Assert.Equal(["7:1"], Taken());
        Assert.Null(_edge.Missing);
    }

    [Fact]
    public void An_epoch_with_an_unknown_predecessor_stops_no_viewer_once_a_later_epoch_is_known()
    {
        _edge.Attached(HeadOf(5, 3), []);
        _edge.OnHead(HeadOf(6, 0));
        Assert.Equal(new MissingRange(5, 4, Position.MaxInteger), _edge.Missing);

        _edge.Slice(Comments.Batch(7, End5, 1, 1));

        Assert.Equal(["7:1"], Taken());
        Assert.Null(_edge.Missing);
    }

    [Fact]
    public void Slices_beyond_the_end_of_an_epoch_are_not_delivered_once_the_end_is_known()
    {
        _edge.Attached(HeadOf(5, 1), []);
        _edge.Slice(Comments.Batch(5, default, 3, 5));
        _edge.OnHead(new RoomHead(new Position(6, 0), End5));

        _edge.Slice(Comments.Batch(5, default, 2, 4));
        _edge.Slice(Comments.Batch(6, End5, 1, 1));

        Assert.Equal(["5:2", "5:3", "6:1"], Taken());
    }

    [Fact]
    public void A_message_without_a_predecessor_does_not_erase_a_known_one()
    {
        _edge.Attached(HeadOf(5, 1), []);
        _edge.OnHead(new RoomHead(new Position(6, 2), End5));

        _edge.Slice(Comments.Batch(6, default, 2, 2));
        _edge.Slice(Comments.Batch(5, default, 2, 3));

        Assert.Equal(new MissingRange(6, 1, 1), _edge.Missing);
    }

    [Fact]
    public void A_gap_that_the_origin_cannot_fill_is_told_and_the_newest_follow()
    {
        _edge.Attached(HeadOf(5, 1), []);
        _edge.Slice(Comments.Batch(5, default, 2, 2));
        _edge.Slice(Comments.Batch(5, default, 9, 9));

        _edge.OnGone(new Position(5, 2), HeadOf(5, 9), [Comments.Batch(5, default, 8, 9)]);

        Assert.Collection(
            _edge.Take(),
            delivery => Assert.Equal(["5:2"], [.. new[] { Assert.IsType<Delivery.Comments>(delivery).Batch }.Texts()]),
            delivery => Assert.Equal(new Delivery.Lost(new Position(5, 7)), delivery),
            delivery => Assert.Equal(["5:8", "5:9"], [.. new[] { Assert.IsType<Delivery.Comments>(delivery).Batch }.Texts()]));
        Assert.Null(_edge.Missing);
    }

    [Fact]
    public void An_epoch_whose_beginning_cannot_be_proved_is_entered_with_a_loss()
    {
        _edge.Attached(HeadOf(5, 1), []);
        _edge.OnHead(HeadOf(6, 0));

        _edge.OnGone(_edge.Missing!.Value.Have, HeadOf(6, 0), []);

        Assert.Equal([new Delivery.Lost(new Position(6, 0))], _edge.Take());
        Assert.Null(_edge.Missing);
    }

    [Fact]
    public void Nothing_is_lost_if_the_newest_danmaku_follow_directly()
    {
        _edge.Attached(HeadOf(5, 3), []);

        _edge.OnGone(End5, new RoomHead(new Position(6, 2), End5), [Comments.Batch(6, End5, 1, 2)]);

        Assert.Equal(["6:1", "6:2"], Taken());
    }

    [Fact]
    public void A_loss_brings_back_nothing_that_was_delivered_before()
    {
        _edge.Attached(HeadOf(5, 3), []);
        _edge.OnHead(HeadOf(7, 1));

        _edge.OnGone(End5, HeadOf(7, 1), [Comments.Batch(5, default, 1, 3), Comments.Batch(7, default, 1, 1)]);

        Assert.Equal(new Delivery.Lost(new Position(7, 0)), _edge.Take()[0]);
        Assert.Equal(new Position(7, 1), _edge.Top);
    }

    [Fact]
    public void A_loss_of_a_range_that_has_arrived_meanwhile_is_ignored()
    {
        _edge.Attached(HeadOf(5, 1), []);
        _edge.Slice(Comments.Batch(5, default, 2, 3));

        _edge.OnGone(new Position(5, 1), HeadOf(5, 3), [Comments.Batch(5, default, 3, 3)]);

        Assert.Equal(["5:2", "5:3"], Taken());
    }

    [Fact]
    public void An_origin_of_an_older_epoch_sends_no_viewer_back()
    {
        _edge.Attached(new RoomHead(new Position(6, 2), End5), [Comments.Batch(6, End5, 1, 2)]);

        _edge.OnGone(new Position(6, 2), HeadOf(5, 3), [Comments.Batch(5, default, 1, 3)]);

        Assert.False(_edge.HasReady);
        Assert.Equal(new Position(6, 2), _edge.Top);
    }

    [Fact]
    public void A_loss_forgets_no_newer_head()
    {
        _edge.Attached(HeadOf(5, 1), []);
        _edge.OnHead(HeadOf(5, 20));

        _edge.OnGone(new Position(5, 1), HeadOf(5, 15), [Comments.Batch(5, default, 14, 15)]);

        Assert.Equal(new MissingRange(5, 16, 20), _edge.Missing);
    }

    [Fact]
    public void Held_back_slices_are_bounded_and_the_latest_are_fetched_again()
    {
        var edge = new EdgeRoom(RoomLimits.Default with { MaxHeld = 2 });
        edge.Attached(HeadOf(5, 0), []);
        edge.Slice(Comments.Batch(5, default, 3, 6));

        edge.Slice(Comments.Batch(5, default, 1, 2));

        Assert.Equal(new Position(5, 4), edge.Top);
        Assert.Equal(new MissingRange(5, 5, 6), edge.Missing);
    }

    [Fact]
    public void Pending_danmaku_are_delivered_in_batches_of_at_most_a_page()
    {
        var size = Comments.At(5, 1).Bytes;
        var edge = new EdgeRoom(RoomLimits.Default with { PageBytes = 2 * size });
        edge.Attached(HeadOf(5, 0), []);

        edge.Slice(Comments.Batch(5, default, 1, 5));

        Assert.Equal([2, 2, 1], edge.Take().Cast<Delivery.Comments>().Select(delivery => delivery.Batch.Comments.Count));
    }

    [Theory]
    [InlineData(5, "1-2 3-4 5")]
    [InlineData(4, "-1 2 3-4 5")]
    [InlineData(3, "-1-2 3-4 5")]
    [InlineData(2, "-1-3 4 5")]
    [InlineData(0, "-1-5")]
    public void The_oldest_danmaku_are_skipped_if_there_is_no_time_for_all(int comments, string expected)
    {
        var size = Comments.At(5, 1).Bytes;
        var edge = new EdgeRoom(RoomLimits.Default with { PageBytes = 2 * size });
        edge.Attached(HeadOf(5, 0), []);
        edge.Slice(Comments.Batch(5, default, 1, 5));

        Assert.Equal((5, 5 * size), (edge.ReadyCount, edge.ReadyBytes));
        var taken = edge.Take(comments * size);

        Assert.Equal(expected, string.Join(' ', taken.Select(delivery => delivery switch
        {
            Delivery.Skipped skipped => $"-{Range(skipped.Batches[0].First, skipped.Batches[^1].Last)}",
            Delivery.Comments some => Range(some.Batch.First, some.Batch.Last),
            _ => "",
        })));
        Assert.Equal((0, 0), (edge.ReadyCount, edge.ReadyBytes));
        Assert.Equal(new Position(5, 5), edge.Top);

        static string Range(Position first, Position last) => first == last ? $"{first.Offset}" : $"{first.Offset}-{last.Offset}";
    }

    [Fact]
    public void A_viewer_that_comes_back_begins_where_it_was_and_gets_the_rest()
    {
        _edge.Attached(HeadOf(5, 3), [Comments.Batch(5, default, 1, 3)]);

        var start = _edge.Join(new Position(5, 1), 50);

        Assert.Equal((new Position(5, 1), false), (start.Position, start.IsLost));
        Assert.Equal(["5:2", "5:3"], start.Batches.Texts());
    }

    [Fact]
    public void A_viewer_from_the_epoch_before_comes_back_without_loss_when_it_saw_the_end()
    {
        _edge.Attached(new RoomHead(new Position(6, 2), End5), [Comments.Batch(6, End5, 1, 2)]);

        Assert.Equal(["6:1", "6:2"], _edge.Join(End5, 0).Batches.Texts());
        Assert.False(_edge.Join(End5, 0).IsLost);
        Assert.True(_edge.Join(new Position(5, 2), 0).IsLost);
    }

    [Fact]
    public void A_viewer_that_is_lost_gets_as_many_of_the_newest_as_it_asked_for()
    {
        _edge.Attached(HeadOf(5, 9), [Comments.Batch(5, default, 4, 9)]);

        var start = _edge.Join(new Position(5, 2), 2);

        Assert.Equal((new Position(5, 7), true), (start.Position, start.IsLost));
        Assert.Equal(["5:8", "5:9"], start.Batches.Texts());
        Assert.Equal(new Position(5, 9), _edge.Join(null, 0).Position);
    }

    [Fact]
    public void No_viewer_gets_more_history_than_the_limit()
    {
        var edge = new EdgeRoom(RoomLimits.Default with { MaxJoinHistory = 3 });
        edge.Attached(HeadOf(5, 9), [Comments.Batch(5, default, 1, 9)]);

        Assert.Equal(["5:7", "5:8", "5:9"], edge.Join(null, 200).Batches.Texts());
    }

    [Fact]
    public void A_viewer_from_a_faster_edge_is_recognised_until_this_one_has_caught_up()
    {
        _edge.Attached(HeadOf(5, 3), []);
        Assert.True(_edge.IsBehind(new Position(5, 4)));
        Assert.False(_edge.IsBehind(new Position(5, 3)));
        Assert.False(_edge.IsBehind(null));

        _edge.Slice(Comments.Batch(5, default, 4, 5));

        Assert.False(_edge.IsBehind(new Position(5, 4)));
        Assert.Equal(["5:5"], _edge.Join(new Position(5, 4), 0).Batches.Texts());
    }

    private static RoomHead HeadOf(long epoch, long offset) => new(new Position(epoch, offset), default);

    private List<Batch> Batches() => [.. _edge.Take().Select(delivery => Assert.IsType<Delivery.Comments>(delivery).Batch)];

    private List<string> Taken() => [.. Batches().Texts()];
}
