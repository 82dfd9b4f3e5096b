using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class ArrivalsTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly EdgeRoom _room = new(RoomLimits.Default with { PageBytes = 2 * Comments.At(5, 1).Bytes });
    private readonly OriginLink _link;
    private readonly Arrivals<RoomMember> _arrivals;

    public ArrivalsTests()
    {
        _link = new OriginLink(TimeSpan.FromSeconds(60), _time, () => 0.5);
        _arrivals = new Arrivals<RoomMember>(_room, _link, _time);
    }

    [Fact]
    public void Who_comes_first_waits_for_the_room()
    {
        var viewer = Viewer();

        Assert.False(_arrivals.Enter(viewer));

        Assert.True(_arrivals.AnyWaiting);
        Assert.Equal(new ViewerStage.Waiting(1), viewer.Stage);
        Assert.Empty(_arrivals.TakeDue());
        Attach(3, 1, 3);
        Assert.Equal([viewer], _arrivals.TakeDue());
        Assert.Equal(new ViewerStage.CatchingUp(IsGreeted: false), viewer.Stage);
        Assert.False(_arrivals.AnyWaiting);
        Assert.Empty(_arrivals.TakeDue());
    }

    [Fact]
    public void Who_comes_to_an_attached_room_is_let_in_at_once()
    {
        Attach(3, 1, 3);

        Assert.True(_arrivals.Enter(Viewer()));
        Assert.True(_arrivals.Enter(Viewer(3)));
        Assert.False(_arrivals.AnyWaiting);
    }

    [Fact]
    public void Who_has_seen_more_waits_until_that_has_come_and_those_who_have_not_do_not()
    {
        Attach(3, 1, 3);
        var (ahead, further) = (Viewer(4), Viewer(6));
        Assert.False(_arrivals.Enter(ahead));
        Assert.False(_arrivals.Enter(further));
        Assert.Empty(_arrivals.TakeDue());

        _room.Slice(Comments.Batch(5, default, 4, 4));

        Assert.Equal([ahead], _arrivals.TakeDue());
        Assert.True(_arrivals.AnyWaiting);
    }

    [Fact]
    public void Who_has_seen_more_than_the_origin_is_let_in_by_an_answer_to_a_question_that_was_asked_after_it_came()
    {
        Attach(3, 1, 3);
        var before = _link.Ask(out _);
        var ahead = Viewer(9);
        _arrivals.Enter(ahead);

        _link.Merged(hasMoved: false, missing: null, before);
        Assert.Empty(_arrivals.TakeDue());
        _link.Merged(hasMoved: false, missing: null, _link.Ask(out _));

        Assert.Equal([ahead], _arrivals.TakeDue());
    }

    [Fact]
    public void An_answer_lets_nobody_in_while_something_is_missing()
    {
        Attach(3, 1, 3);
        var ahead = Viewer(9);
        _arrivals.Enter(ahead);
        _room.OnHead(new RoomHead(new Position(5, 5), Position.None));
        _link.Merged(hasMoved: false, _room.Missing, _link.Ask(out _));
        Assert.Empty(_arrivals.TakeDue());

        _room.Slice(Comments.Batch(5, default, 4, 5));

        Assert.Equal([ahead], _arrivals.TakeDue());
    }

    [Fact]
    public void Who_leaves_while_it_waits_is_not_let_in()
    {
        var (gone, stays) = (Viewer(), Viewer());
        _arrivals.Enter(gone);
        _arrivals.Enter(stays);

        _arrivals.Leave(gone);
        Attach(3, 1, 3);

        Assert.Equal([stays], _arrivals.TakeDue());
    }

    [Fact]
    public void What_it_missed_comes_in_portions_of_which_the_first_has_the_welcome()
    {
        Attach(5, 1, 5);
        var viewer = Viewer(0);
        Assert.True(_arrivals.Enter(viewer));
        Assert.False(_arrivals.ReadsOn(viewer, viewer.Request.Last));

        var first = _arrivals.Next(viewer, viewer.Request.Last);
        Assert.Equal((true, true), (first.IsFirst, first.Start.HasMore));
        Assert.Equal(["5:1", "5:2"], first.Start.Batches.Texts());
        Assert.Equal(new ViewerStage.CatchingUp(IsGreeted: true), viewer.Stage);
        var second = _arrivals.Next(viewer, new Position(5, 2));
        var last = _arrivals.Next(viewer, new Position(5, 4));

        Assert.Equal((false, true), (second.IsFirst, second.Start.HasMore));
        Assert.Equal((false, false), (last.IsFirst, last.Start.HasMore));
        Assert.Equal(["5:5"], last.Start.Batches.Texts());
    }

    [Fact]
    public void What_is_older_than_what_is_here_is_read_from_the_origin_once_for_all()
    {
        Attach(9, 5, 9);
        var (one, other, newer) = (Viewer(1), Viewer(1), Viewer(4));
        Assert.All([one, other], viewer => Assert.True(_arrivals.ReadsOn(viewer, viewer.Request.Last)));
        Assert.False(_arrivals.ReadsOn(newer, newer.Request.Last));
        Assert.False(_arrivals.ReadsOn(Viewer(), null));
        Assert.Equal([new Position(5, 1)], _arrivals.TakePages());

        var given = _arrivals.OnPage(new Position(5, 1), [Comments.Batch(5, default, 2, 3)]);

        Assert.Equal([one, other], given.Select(each => each.Member));
        Assert.All(given, each =>
        {
            Assert.True(each.Portion.IsFirst);
            Assert.Equal((new Position(5, 1), false, true), (each.Portion.Start.Position, each.Portion.Start.IsLost, each.Portion.Start.HasMore));
            Assert.Equal(["5:2", "5:3"], each.Portion.Start.Batches.Texts());
        });
        Assert.True(_arrivals.ReadsOn(one, new Position(5, 3)));
        Assert.False(Assert.Single(_arrivals.OnPage(new Position(5, 3), [Comments.Batch(5, default, 4, 4)])).Portion.IsFirst);
    }

    [Fact]
    public void Of_a_page_nobody_gets_what_has_not_come_here_yet()
    {
        Attach(9, 5, 9);
        var viewer = Viewer(1);
        _arrivals.ReadsOn(viewer, viewer.Request.Last);

        Assert.Empty(_arrivals.OnPage(new Position(5, 1), [Comments.Batch(5, default, 10, 11)]));
        var given = Assert.Single(_arrivals.OnPage(new Position(5, 1), [Comments.Batch(5, default, 8, 11)]));

        Assert.Equal(["5:8", "5:9"], given.Portion.Start.Batches.Texts());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_reads_what_the_origin_has_forgotten_is_lost_and_goes_on_from_here(bool isGreeted)
    {
        Attach(9, 5, 9);
        var viewer = Viewer(1);
        _arrivals.ReadsOn(viewer, viewer.Request.Last);
        var after = new Position(5, 1);
        if (isGreeted)
        {
            _arrivals.OnPage(after, [Comments.Batch(5, default, 2, 2)]);
            after = new Position(5, 2);
            _arrivals.ReadsOn(viewer, after);
        }

        Assert.Equal([viewer], _arrivals.OnGone(after));
        var portion = _arrivals.Next(viewer, after);

        Assert.Equal((!isGreeted, true), (portion.IsFirst, portion.Start.IsLost));
        Assert.Equal(["5:8", "5:9"], portion.Start.Batches.Texts());
    }

    [Fact]
    public void Who_leaves_while_it_reads_is_given_nothing_and_nothing_is_asked_for_it()
    {
        Attach(9, 5, 9);
        var viewer = Viewer(1);
        _arrivals.ReadsOn(viewer, viewer.Request.Last);

        _arrivals.Leave(viewer);

        Assert.Empty(_arrivals.TakePages());
        Assert.Empty(_arrivals.OnPage(new Position(5, 1), [Comments.Batch(5, default, 2, 3)]));
        Assert.Empty(_arrivals.OnGone(new Position(5, 1)));
    }

    [Fact]
    public void A_viewer_is_live_at_that_stage_alone()
    {
        var viewer = Viewer();
        Assert.False(viewer.Viewer.IsLive);

        viewer.Stage = new ViewerStage.Live(0);
        Assert.True(viewer.Viewer.IsLive);
        viewer.Stage = new ViewerStage.Gone();

        Assert.False(viewer.Viewer.IsLive);
    }

    [Fact]
    public void A_portion_begins_with_the_welcome_or_with_the_loss_of_what_came_before()
    {
        var outbox = new FakeOutbox();
        var viewer = new Viewer(WireFormat.Json, outbox, new ViewerLimits(), _time);
        var start = new JoinStart(new Position(5, 1), IsLost: true, [Comments.Batch(5, default, 2, 3)]);
        var welcome = new Welcome(
            RoomId.Parse("lobby"), "edge-1", "Mei", start.Position, new Position(5, 3), start.IsLost, 1, TimeSpan.FromSeconds(7));

        new Portion(start, IsFirst: true).SendTo(viewer, welcome);
        new Portion(start, IsFirst: false).SendTo(viewer, null);
        new Portion(start with { IsLost = false }, IsFirst: false).SendTo(viewer, null);

        Assert.Equal(
            ["welcome", "batch", "lost", "batch", "batch"],
            outbox.Messages.Select(message => message.GetProperty("type").GetString()));
    }

    private void Attach(long top, long from, long through) =>
        _room.Attached(new RoomHead(new Position(5, top), Position.None), [Comments.Batch(5, default, from, through)]);

    private RoomMember Viewer(long? last = null)
    {
        var request = new JoinRequest(RoomId.Parse("lobby"), "Mei", WireFormat.Json, last is { } offset ? new Position(5, offset) : null, 50);
        return new RoomMember(request, new Viewer(WireFormat.Json, new FakeOutbox(), new ViewerLimits(), _time));
    }
}
