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
    private readonly List<Delivery> _fannedOut = [];

    public ArrivalsTests()
    {
        _link = new OriginLink(TimeSpan.FromSeconds(60), _time, () => 0.5);
        _arrivals = new Arrivals<RoomMember>(_room, _link, _time, () => _fannedOut.AddRange(_room.Take()));
    }

    [Fact]
    public void Who_comes_first_waits_for_the_room()
    {
        var viewer = Viewer();

        Assert.Null(_arrivals.Enter(viewer));

        Assert.True(_arrivals.AnyWaiting);
        Assert.Equal(new ViewerStage.Waiting(1), viewer.Stage);
        Assert.Empty(_arrivals.LetIn());
        Attach(3, 1, 3);
        var portion = Assert.Single(_arrivals.LetIn());
        Assert.Equal((viewer, true, false), (portion.Member, portion.IsFirst, portion.Start.IsLost));
        Assert.False(_arrivals.AnyWaiting);
        Assert.Empty(_arrivals.LetIn());
    }

    [Fact]
    public void Who_comes_to_an_attached_room_is_let_in_at_once()
    {
        Attach(2, 1, 2);

        Assert.Equal(["5:1", "5:2"], _arrivals.Enter(Viewer())!.Start.Batches.Texts());
        Assert.Equal(["5:2"], _arrivals.Enter(Viewer(1))!.Start.Batches.Texts());
        Assert.Empty(_arrivals.Enter(Viewer(2))!.Start.Batches);
        Assert.False(_arrivals.AnyWaiting);
    }

    [Fact]
    public void What_is_ready_goes_to_those_who_are_here_before_another_gets_it_as_history()
    {
        Attach(1, 1, 1);
        _room.Slice(Comments.Batch(5, default, 2, 2));

        Assert.Null(_arrivals.Enter(Viewer(9)));
        Assert.Empty(_fannedOut);
        var portion = _arrivals.Enter(Viewer());

        Assert.Single(_fannedOut);
        Assert.Equal(["5:1", "5:2"], portion!.Start.Batches.Texts());
        Assert.False(_room.HasReady);
    }

    [Fact]
    public void Who_has_seen_more_waits_until_that_has_come_and_those_who_have_not_do_not()
    {
        Attach(3, 1, 3);
        var (ahead, further) = (Viewer(4), Viewer(6));
        Assert.Null(_arrivals.Enter(ahead));
        Assert.Null(_arrivals.Enter(further));
        Assert.Empty(_arrivals.LetIn());

        _room.Slice(Comments.Batch(5, default, 4, 4));

        var portion = Assert.Single(_arrivals.LetIn());
        Assert.Equal((ahead, false), (portion.Member, portion.Start.IsLost));
        Assert.True(_arrivals.AnyWaiting);
    }

    [Fact]
    public void Who_has_seen_more_than_the_origin_is_let_in_by_an_answer_to_a_question_that_was_asked_after_it_came()
    {
        Attach(3, 1, 3);
        var before = _link.Ask(1, out _);
        _arrivals.Enter(Viewer(9));

        _link.Merged(_room.Top, _room.Missing, before);
        Assert.Empty(_arrivals.LetIn());
        _link.Merged(_room.Top, _room.Missing, _link.Ask(1, out _));

        Assert.True(Assert.Single(_arrivals.LetIn()).Start.IsLost);
    }

    [Fact]
    public void An_answer_lets_nobody_in_while_something_is_missing()
    {
        Attach(3, 1, 3);
        _arrivals.Enter(Viewer(9));
        _room.OnHead(new RoomHead(new Position(5, 5), Position.None));
        _link.Merged(_room.Top, _room.Missing, _link.Ask(1, out _));
        Assert.Empty(_arrivals.LetIn());

        _room.Slice(Comments.Batch(5, default, 4, 5));

        Assert.Single(_arrivals.LetIn());
    }

    [Fact]
    public void Who_leaves_while_it_waits_is_not_let_in()
    {
        var (gone, stays) = (Viewer(), Viewer());
        _arrivals.Enter(gone);
        _arrivals.Enter(stays);

        _arrivals.Leave(gone);
        Attach(3, 1, 3);

        Assert.Equal(stays, Assert.Single(_arrivals.LetIn()).Member);
    }

    [Fact]
    public void What_it_missed_comes_in_portions_of_which_the_first_has_the_welcome()
    {
        Attach(5, 1, 5);
        var viewer = Viewer(0);

        var first = _arrivals.Enter(viewer)!;
        var second = _arrivals.ReadOn(viewer, first.Start.Batches[^1].Last)!;
        var last = _arrivals.ReadOn(viewer, second.Start.Batches[^1].Last)!;

        Portion<RoomMember>[] portions = [first, second, last];
        Assert.Equal([true, false, false], portions.Select(portion => portion.IsFirst));
        Assert.Equal([true, true, false], portions.Select(portion => portion.Start.HasMore));
        Assert.Equal(["5:1", "5:2", "5:3", "5:4", "5:5"], portions.SelectMany(portion => portion.Start.Batches).Texts());
    }

    [Fact]
    public void Who_does_not_catch_up_reads_nothing_on()
    {
        Attach(5, 1, 5);
        var (live, waiting) = (Viewer(), Viewer(9));
        live.Stage = new ViewerStage.Live(0);
        _arrivals.Enter(waiting);

        Assert.Null(_arrivals.ReadOn(live, new Position(5, 1)));
        Assert.Null(_arrivals.ReadOn(waiting, new Position(5, 1)));
        Assert.Equal(new ViewerStage.Live(0), live.Stage);
    }

    [Fact]
    public void What_is_older_than_what_is_here_is_read_from_the_origin_once_for_all()
    {
        Attach(9, 5, 9);
        var (one, other) = (Viewer(1), Viewer(1));
        Assert.Null(_arrivals.Enter(one));
        Assert.Null(_arrivals.Enter(other));
        Assert.NotNull(_arrivals.Enter(Viewer(4)));
        Assert.Equal([new Position(5, 1)], _arrivals.TakePages());

        var given = _arrivals.OnPage(new Position(5, 1), [Comments.Batch(5, default, 2, 3)]);

        Assert.Equal([one, other], given.Select(portion => portion.Member));
        Assert.All(given, portion =>
        {
            Assert.True(portion.IsFirst);
            Assert.Equal((new Position(5, 1), false, true), (portion.Start.Position, portion.Start.IsLost, portion.Start.HasMore));
            Assert.Equal(["5:2", "5:3"], portion.Start.Batches.Texts());
        });
        Assert.Null(_arrivals.ReadOn(one, new Position(5, 3)));
        Assert.False(Assert.Single(_arrivals.OnPage(new Position(5, 3), [Comments.Batch(5, default, 4, 4)])).IsFirst);
        Assert.Equal(["5:5", "5:6"], _arrivals.ReadOn(one, new Position(5, 4))!.Start.Batches.Texts());
    }

    [Fact]
    public void Of_a_page_nobody_gets_what_has_not_come_here_yet()
    {
        Attach(9, 5, 9);
        _arrivals.Enter(Viewer(1));

        Assert.Empty(_arrivals.OnPage(new Position(5, 1), [Comments.Batch(5, default, 10, 11)]));
        var given = Assert.Single(_arrivals.OnPage(new Position(5, 1), [Comments.Batch(5, default, 8, 11)]));

        Assert.Equal(["5:8", "5:9"], given.Start.Batches.Texts());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_reads_what_the_origin_has_forgotten_is_lost_and_goes_on_from_here(bool isGreeted)
    {
        Attach(9, 5, 9);
        var viewer = Viewer(1);
        _arrivals.Enter(viewer);
        var after = new Position(5, 1);
        if (isGreeted)
        {
            _arrivals.OnPage(after, [Comments.Batch(5, default, 2, 2)]);
            after = new Position(5, 2);
            _arrivals.ReadOn(viewer, after);
        }

        var portion = Assert.Single(_arrivals.OnGone(after));

        Assert.Equal((viewer, !isGreeted, true), (portion.Member, portion.IsFirst, portion.Start.IsLost));
        Assert.Equal(["5:8", "5:9"], portion.Start.Batches.Texts());
    }

    [Fact]
    public void A_page_without_anything_says_as_much_as_that_it_is_gone()
    {
        Attach(9, 5, 9);
        _arrivals.Enter(Viewer(1));

        Assert.True(Assert.Single(_arrivals.OnPage(new Position(5, 1), [])).Start.IsLost);
    }

    [Fact]
    public void Who_leaves_while_it_reads_is_given_nothing_and_nothing_is_asked_for_it()
    {
        Attach(9, 5, 9);
        var viewer = Viewer(1);
        _arrivals.Enter(viewer);

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

        new Portion<RoomMember>(Viewer(), start, IsFirst: true).SendTo(viewer, welcome);
        new Portion<RoomMember>(Viewer(), start, IsFirst: false).SendTo(viewer, null);
        new Portion<RoomMember>(Viewer(), start with { IsLost = false }, IsFirst: false).SendTo(viewer, null);

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
