using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class ViewerTests
{
    private static readonly ViewerLimits Limits = new() { TooSlowAfter = TimeSpan.FromSeconds(15) };

    private readonly ManualTimeProvider _time = new();
    private readonly FakeOutbox _outbox = new();
    private readonly Viewer _viewer;
    private readonly Viewer _plain;

    public ViewerTests()
    {
        _viewer = new Viewer(WireFormat.Json, _outbox, Limits, _time);
        _plain = new Viewer(WireFormat.Plain, _outbox, Limits, _time);
    }

    [Fact]
    public void It_is_greeted_before_it_gets_its_history()
    {
        _viewer.Greet(Greeting(), [Comments.Batch(5, default, 1, 2), Comments.Batch(6, new Position(5, 2), 1, 1)]);

        Assert.Equal(["welcome", "batch", "batch"], Types());
    }

    [Fact]
    public void A_plain_viewer_is_not_greeted_and_gets_what_it_begins_with()
    {
        _plain.Greet(Greeting(), [Comments.Batch(5, default, 1, 2)]);
        _plain.Deliver(WireFormat.Plain.Batch(Comments.Batch(5, default, 3, 4)));

        Assert.Equal(["5:1", "5:2", "5:3", "5:4"], _outbox.Texts);
    }

    [Fact]
    public void A_viewer_that_reads_gets_every_batch()
    {
        Assert.Equal(0, Deliver(5, 1, 2));
        Assert.Equal(0, Deliver(5, 3, 3));

        Assert.Equal([1L, 3L], _outbox.Messages.Select(message => message.GetProperty("offset").GetInt64()));
        Assert.False(_viewer.IsSlow);
    }

    [Fact]
    public void A_slow_viewer_is_told_exactly_what_it_skipped_before_it_goes_on()
    {
        _outbox.Capacity = 1;
        Deliver(5, 1, 2);

        Assert.Equal(3, Deliver(5, 3, 5));
        Assert.Equal(1, Deliver(5, 6, 6));
        Assert.True(_viewer.IsSlow);
        Drain();

        Assert.Equal(0, Deliver(5, 7, 8));
        Assert.Equal(["batch", "skipped", "batch"], Types());
        AssertSkipped(_outbox.Messages[1], 5, 3, 6);
        Assert.False(_viewer.IsSlow);
        Assert.Null(_outbox.Closed);
    }

    [Fact]
    public void A_viewer_that_reads_is_told_at_once_about_skipped_danmaku()
    {
        Deliver(5, 1, 2);
        Skip(5, 3, 9);
        Deliver(5, 10, 10);

        Assert.Equal(["batch", "skipped", "batch"], Types());
        var skipped = _outbox.OfType("skipped")[0];
        Assert.Equal((3, 9, 7), (skipped.GetProperty("from").GetInt64(), skipped.GetProperty("through").GetInt64(), skipped.GetProperty("count").GetInt64()));
        Assert.False(_viewer.IsSlow);
    }

    [Fact]
    public void Danmaku_skipped_for_lack_of_time_count_as_skipped_for_a_slow_viewer()
    {
        _outbox.Capacity = 1;
        Deliver(5, 1, 2);
        Deliver(5, 3, 4);
        Skip(5, 5, 7);
        Deliver(5, 8, 8);
        Drain();

        Deliver(5, 9, 9);

        Assert.Equal(["batch", "skipped", "batch"], Types());
        Assert.Equal((3, 8), (_outbox.OfType("skipped")[0].GetProperty("from").GetInt64(), _outbox.OfType("skipped")[0].GetProperty("through").GetInt64()));
    }

    [Fact]
    public void Skipped_danmaku_of_several_epochs_are_told_for_each_epoch()
    {
        _outbox.Capacity = 1;
        Deliver(5, 1, 1);
        Deliver(5, 2, 3);
        Deliver(6, 1, 4);
        Deliver(6, 5, 5);
        Drain();

        Assert.True(_viewer.CatchUp());

        Assert.Equal(["batch", "skipped", "skipped"], Types());
        AssertSkipped(_outbox.Messages[1], 5, 2, 3);
        AssertSkipped(_outbox.Messages[2], 6, 1, 5);
    }

    [Fact]
    public void A_slow_viewer_waits_until_its_outbox_has_drained_and_not_just_for_a_place()
    {
        _outbox.Capacity = 2;
        Deliver(5, 1, 1);
        Deliver(5, 2, 2);
        Deliver(5, 3, 3);
        _outbox.Drain(1);

        Assert.Equal(1, Deliver(5, 4, 4));

        Assert.Equal(["batch", "batch"], Types());
    }

    [Fact]
    public void A_viewer_that_stays_slow_is_closed()
    {
        _outbox.Capacity = 1;
        Deliver(5, 1, 1);
        Deliver(5, 2, 2);
        _time.Advance(TimeSpan.FromSeconds(15));
        Deliver(5, 3, 3);
        Assert.Null(_outbox.Closed);

        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.False(_viewer.CatchUp());
        Assert.Equal(CloseReason.TooSlow, _outbox.Closed);
    }

    [Fact]
    public void Every_time_it_falls_behind_its_patience_begins_anew()
    {
        _outbox.Capacity = 1;
        Deliver(5, 1, 1);
        Deliver(5, 2, 2);
        _time.Advance(TimeSpan.FromSeconds(14));
        Drain();
        _viewer.CatchUp();
        _outbox.Capacity = 1;
        Deliver(5, 3, 3);
        _time.Advance(TimeSpan.FromSeconds(14));

        Deliver(5, 4, 4);

        Assert.True(_viewer.IsSlow);
        Assert.Null(_outbox.Closed);
    }

    [Fact]
    public void A_plain_viewer_is_closed_at_once_and_never_skipped()
    {
        _outbox.Capacity = 1;
        _plain.Deliver(WireFormat.Plain.Batch(Comments.Batch(5, default, 1, 1)));

        var skipped = _plain.Deliver(WireFormat.Plain.Batch(Comments.Batch(5, default, 2, 4)));

        Assert.Equal(3, skipped);
        Assert.Equal(CloseReason.TooSlow, _outbox.Closed);
    }

    [Fact]
    public void A_viewer_without_a_place_for_an_answer_is_closed()
    {
        _outbox.Capacity = 0;

        _viewer.Tell(WireFormat.Json.Unknown(new PostId(1)));

        Assert.Equal(CloseReason.TooSlow, _outbox.Closed);
    }

    [Fact]
    public void Messages_that_the_format_does_not_have_are_not_sent()
    {
        _outbox.Capacity = 0;

        _plain.Tell(WireFormat.Plain.Viewers(3));

        Assert.Null(_outbox.Closed);
    }

    [Fact]
    public void A_loss_replaces_earlier_skips()
    {
        _outbox.Capacity = 1;
        Deliver(5, 1, 1);
        Deliver(5, 2, 3);
        Drain();

        _viewer.Lose(new Position(7, 4));
        Deliver(7, 5, 5);

        Assert.Equal(["batch", "lost", "batch"], Types());
        Assert.Equal(4, _outbox.Messages[1].GetProperty("position").GetProperty("offset").GetInt64());
    }

    [Fact]
    public void Losing_something_makes_a_slow_viewer_neither_fast_nor_gives_it_more_time()
    {
        _outbox.Capacity = 2;
        Deliver(5, 1, 1);
        _viewer.Tell(WireFormat.Json.Unknown(new PostId(1)));
        Deliver(5, 2, 3);
        _time.Advance(TimeSpan.FromSeconds(15));
        _outbox.Capacity = 3;

        _viewer.Lose(new Position(7, 4));
        Assert.True(_viewer.IsSlow);
        Assert.Equal(2, Deliver(7, 5, 6));
        Assert.Null(_outbox.Closed);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _viewer.CatchUp();

        Assert.Equal(CloseReason.TooSlow, _outbox.Closed);
    }

    [Fact]
    public void Danmaku_skipped_after_a_loss_are_told_after_it()
    {
        _outbox.Capacity = 2;
        Deliver(5, 1, 1);
        Deliver(5, 2, 2);
        Deliver(5, 3, 3);
        _outbox.Capacity = 3;
        _viewer.Lose(new Position(7, 4));
        Deliver(7, 5, 6);
        Drain();

        Deliver(7, 7, 7);

        Assert.Equal(["batch", "batch", "lost", "skipped", "batch"], Types());
        AssertSkipped(_outbox.Messages[3], 7, 5, 6);
    }

    [Fact]
    public void Only_the_newest_count_waits_for_a_slow_viewer_and_it_is_not_closed_for_it()
    {
        _outbox.Capacity = 1;
        Deliver(5, 1, 1);

        for (var count = 1; count <= 100; count++)
        {
            _viewer.Tell(WireFormat.Json.Viewers(count));
        }

        Assert.True(_viewer.IsSlow);
        Deliver(5, 2, 3);
        Drain();
        _viewer.CatchUp();

        Assert.Equal(["batch", "skipped", "viewers"], Types());
        Assert.Equal(100, _outbox.Messages[2].GetProperty("count").GetInt64());
        Assert.False(_viewer.IsSlow);
        Assert.Null(_outbox.Closed);
    }

    [Fact]
    public void The_number_of_remembered_skips_is_bounded()
    {
        _outbox.Capacity = 1;
        for (var epoch = 1; epoch <= 17; epoch++)
        {
            Deliver(epoch, 1, 5);
        }

        Assert.Null(_outbox.Closed);
        Deliver(18, 1, 5);

        Assert.Equal(CloseReason.TooSlow, _outbox.Closed);
    }

    [Fact]
    public void What_was_recalled_among_the_skipped_is_told_with_them()
    {
        _outbox.Capacity = 1;
        Deliver(5, 1, 2);
        Recall(new Position(5, 3), new Recall.One(new Position(5, 1)));
        Recall(new Position(5, 4), new Recall.One(new Position(5, 2)));
        Drain();

        Deliver(5, 5, 5);

        Assert.Equal(["batch", "skipped", "batch"], Types());
        Assert.Equal(
            [1L, 2L], _outbox.Messages[1].GetProperty("recalls").EnumerateArray().Select(recall => recall.GetProperty("offset").GetInt64()));
    }

    [Fact]
    public void Where_too_much_was_recalled_among_the_skipped_everything_is()
    {
        _outbox.Capacity = 1;
        Deliver(5, 1, 2);
        for (var offset = 3; offset < 103; offset++)
        {
            Recall(new Position(5, offset), new Recall.One(new Position(5, 1)));
        }

        Drain();
        Deliver(5, 103, 103);

        Assert.True(Assert.Single(_outbox.Messages[1].GetProperty("recalls").EnumerateArray()).GetProperty("all").GetBoolean());
    }

    [Fact]
    public void Neither_a_recall_nor_what_was_recalled_is_a_message_to_a_plain_viewer()
    {
        var recall = new Comment(2, 1, "", "", CommentStyle.Default, null) { Recall = Danmaku.Core.Moderation.Recall.Everything.Instance };

        _plain.Deliver([new Batch(5, default, [Comments.At(5, 1).Recalled(), recall, Comments.At(5, 3)]), new Batch(5, default, [recall with { Offset = 4 }])]);

        Assert.Equal(["5:3"], _outbox.Texts);
        Assert.Null(_outbox.Closed);
    }

    [Fact]
    public void The_first_reason_to_close_counts()
    {
        _viewer.Close(CloseReason.Restarting);
        _viewer.Close(CloseReason.TooSlow);

        Assert.Equal(CloseReason.Restarting, _outbox.Closed);
    }

    private static Welcome Greeting() =>
        new(RoomId.Parse("lobby"), "edge-1", "Mei", new Position(5, 0), new Position(5, 0), false, 1, TimeSpan.FromSeconds(7));

    private static void AssertSkipped(System.Text.Json.JsonElement message, long epoch, long from, long through)
    {
        Assert.Equal(epoch, message.GetProperty("epoch").GetInt64());
        Assert.Equal(from, message.GetProperty("from").GetInt64());
        Assert.Equal(through, message.GetProperty("through").GetInt64());
        Assert.Equal(through - from + 1, message.GetProperty("count").GetInt64());
    }

    private int Deliver(long epoch, long from, long through) =>
        _viewer.Deliver(WireFormat.Json.Batch(Comments.Batch(epoch, default, from, through)));

    private void Skip(long epoch, long from, long through) =>
        _viewer.Skip(WireFormat.Json.Skipped(epoch, from, through, [])!, new Position(epoch, from), new Position(epoch, through), []);

    private void Recall(Position at, Recall recall)
    {
        var entry = new Comment(at.Offset, 1, "", "", CommentStyle.Default, null) { Recall = recall };
        _viewer.Deliver(WireFormat.Json.Batch(new Batch(at.Epoch, default, [entry])));
    }

    private void Drain()
    {
        _outbox.Drain();
        _outbox.Capacity = 10;
    }

    private List<string?> Types() => [.. _outbox.Messages.Select(message => message.GetProperty("type").GetString())];
}
