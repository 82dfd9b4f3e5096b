using Danmaku.Actors.Connections;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Rooms;

public sealed class RoomFanOutTests
{
    private const long Epoch = 7;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    private readonly ManualTimeProvider _time = new();
    private readonly EdgeRoom _room = new(RoomLimits.Default);
    private readonly Subscribers _subscribers = new(new DanmakuMetrics());
    private readonly SharedRoomState _shared = new();
    private readonly RoomFanOut _fanout;
    private int _flushes;
    private int _viewers;

    public RoomFanOutTests()
    {
        var pace = new AdaptiveFlush(new FanOutLoad(Tick, Tick, 1, _time), _time);
        _fanout = new RoomFanOut(_room, _subscribers, _shared, pace, new DanmakuMetrics(), _time, () => _flushes++);
        _room.Attached(new RoomHead(new Position(Epoch, 0), Position.None), []);
    }

    [Fact]
    public void Where_nothing_is_ready_nothing_goes_out()
    {
        _fanout.FlushNowOrAtTick();

        Assert.Equal(0, _flushes);
        Assert.False(_shared.IsFlushDue);
    }

    [Fact]
    public void A_quiet_room_fans_out_at_once_and_once_for_all_that_comes_before_it_does()
    {
        var (_, outbox) = Live();
        Say(1);
        Say(2);

        Assert.Equal((1, true), (_flushes, _shared.IsFlushDue));
        Assert.Empty(outbox.Texts);
        _fanout.Flush();

        Assert.Equal(["1", "2"], outbox.Texts);
        Assert.False(_shared.IsFlushDue);
    }

    [Fact]
    public void A_busy_room_fans_out_when_its_tick_is_over()
    {
        var (_, outbox) = Live();
        Say(1);
        _fanout.Flush();
        Say(2);

        _time.Advance(Tick - TimeSpan.FromTicks(1));
        Assert.Equal(1, _flushes);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(2, _flushes);
        _fanout.Flush();
        Assert.Equal(["1", "2"], outbox.Texts);
    }

    [Fact]
    public void The_tick_of_a_room_that_has_ended_does_not_come()
    {
        Say(1);
        _fanout.Flush();
        Say(2);

        _fanout.Stop();
        _time.Advance(Tick);

        Assert.Equal(1, _flushes);
    }

    [Fact]
    public void What_went_out_early_does_not_go_out_at_the_tick_again()
    {
        var (_, outbox) = Live();
        Say(1);
        _fanout.FanOut();
        Assert.False(_shared.IsFlushDue);

        _fanout.Flush();

        Assert.Equal(["1"], outbox.Texts);
    }

    [Fact]
    public void Only_who_is_live_gets_what_goes_out()
    {
        var (_, outbox) = Viewer();
        Say(1);

        _fanout.Flush();

        Assert.Empty(outbox.Texts);
    }

    [Fact]
    public void Who_leaves_gets_nothing_more_and_the_others_everything()
    {
        var (first, second, third) = (Live(), Live(), Live());
        _subscribers.Leave(first.Member);
        Say(1);
        _fanout.Flush();
        _subscribers.Leave(third.Member);
        Say(2);
        _fanout.Flush();

        Assert.Empty(first.Outbox.Texts);
        Assert.Equal(["1", "2"], second.Outbox.Texts);
        Assert.Equal(["1"], third.Outbox.Texts);
        Assert.Equal(new ViewerStage.Gone(), first.Member.Stage);
    }

    [Fact]
    public void Who_waits_for_what_has_come_is_told_when_it_has_gone_out_and_once()
    {
        var (member, outbox) = Live();
        Say(1);

        _fanout.Reach(member, new Position(Epoch, 1));

        Assert.Equal(["1"], outbox.Texts);
        Assert.Equal([ConnectionActor.Reached.Instance], Told(member));
        _fanout.Flush();
        Assert.Single(Told(member));
    }

    [Fact]
    public void Who_waits_for_what_has_not_come_is_told_when_it_has()
    {
        var (member, _) = Live();
        _fanout.Reach(member, new Position(Epoch, 2));
        Say(1);
        _fanout.Flush();
        Assert.Empty(Told(member));

        Say(2);
        _fanout.Flush();

        Assert.Equal([ConnectionActor.Reached.Instance], Told(member));
    }

    [Fact]
    public void Who_has_left_is_told_nothing()
    {
        var (member, _) = Live();
        _fanout.Reach(member, new Position(Epoch, 1));

        _fanout.Forget(member);
        Say(1);
        _fanout.Flush();

        Assert.Empty(Told(member));
    }

    [Fact]
    public void Who_has_got_all_that_it_missed_is_live_and_who_has_not_reads_on()
    {
        var (member, outbox) = Viewer();
        var start = new JoinStart(new Position(Epoch, 1), false, [Batch(2)]);

        _subscribers.Give(new Portion<RoomViewer>(member, start with { HasMore = true }, IsFirst: false), null);
        Assert.Equal([new ConnectionActor.MoreAfter(new Position(Epoch, 2))], Told(member));
        Assert.False(member.Viewer.IsLive);
        _subscribers.Give(new Portion<RoomViewer>(member, start with { Batches = [Batch(3)] }, IsFirst: false), null);

        Assert.Single(Told(member));
        Assert.True(member.Viewer.IsLive);
        Assert.Equal(["2", "3"], outbox.Texts);
    }

    private void Say(long offset)
    {
        _room.Slice(Batch(offset));
        _fanout.FlushNowOrAtTick();
    }

    private static Batch Batch(long offset) =>
        new(Epoch, Position.None, [new Comment(offset, 1, "a", $"{offset}", CommentStyle.Default, null)]);

    private (RoomViewer Member, FakeOutbox Outbox) Live()
    {
        var viewer = Viewer();
        _subscribers.GoLive(viewer.Member);
        return viewer;
    }

    private (RoomViewer Member, FakeOutbox Outbox) Viewer()
    {
        var outbox = new FakeOutbox();
        var request = new JoinRequest(RoomId.Parse("lobby"), "Mei", WireFormat.Plain, null, 0);
        var member = new RoomViewer(
            new RecordingActorRef($"{++_viewers}"), request, new Viewer(WireFormat.Plain, outbox, new ViewerLimits(), _time));
        _subscribers.Enter(member);
        return (member, outbox);
    }

    private static IReadOnlyList<object> Told(RoomViewer member) => ((RecordingActorRef)member.Actor).Told;
}
