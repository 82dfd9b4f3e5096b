using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Danmaku.Actors.Connections;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Xunit;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Rooms;

public sealed class EdgeRoomActorTests : TestKit
{
    private const long Epoch = 7;
    private static readonly RoomId Id = RoomId.Parse("lobby");

    private readonly ManualTimeProvider _time = new();
    private readonly TestProbe _origin;
    private readonly TestProbe _ingress;
    private readonly EdgeContext _edge;
    private IActorRef _rooms;

    public EdgeRoomActorTests()
        : base(AkkaRegistration.ReadConfiguration())
    {
        (_origin, _ingress) = (CreateTestProbe(), CreateTestProbe());
        _edge = new EdgeContext(
            "edge-1", _origin, Sys.ActorOf(Props.Create<ForwarderTo>(_origin.Ref)), _ingress, RoomLimits.Default,
            new ViewerLimits { MaxPendingPosts = 2, PostDeadline = TimeSpan.FromSeconds(1) }, new SharedBudget(1000),
            Ticking(TimeSpan.FromMilliseconds(50)), TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(60), new DanmakuMetrics(), _time,
            () => 0.5);
        _rooms = Sys.ActorOf(Props.Create<EdgeRoomManager>(_edge, 2));
    }

    private FanOutLoad Ticking(TimeSpan tick) => new(tick, tick, 1, _time);

    [Fact]
    public async Task The_first_viewer_attaches_the_room_and_is_greeted_when_the_origin_answers()
    {
        var viewer = await JoinAsync();
        var attach = await _origin.ExpectMsgAsync<AttachEdge>();
        Assert.Empty(viewer.Outbox.Texts);

        _origin.Reply(Attached(3, 1, 2, 3));

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("batch").Count == 1);
        Assert.Equal((Position.None, 1), (attach.Have, attach.Viewers));
        Assert.Equal("edge-1", viewer.Outbox.OfType("welcome")[0].GetProperty("node").GetString());
        Assert.Equal(["1", "2", "3"], Seen(viewer));
    }

    [Fact]
    public async Task A_room_is_open_when_its_origin_has_said_where_it_is()
    {
        _rooms.Tell(new EdgeRoomManager.Open(Id), TestActor);
        await _origin.ExpectMsgAsync<AttachEdge>();
        await JoinAsync(format: WireFormat.Plain);

        _origin.Reply(Attached(0));
        await ExpectMsgAsync<EdgeRoomManager.Opened>();

        _rooms.Tell(new EdgeRoomManager.Open(Id), TestActor);
        await ExpectMsgAsync<EdgeRoomManager.Opened>();
    }

    [Fact]
    public async Task Attaching_is_repeated_until_the_origin_answers()
    {
        await JoinAsync();

        await _origin.ExpectMsgAsync<AttachEdge>();
        await _origin.ExpectMsgAsync<AttachEdge>(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Repeated_or_reordered_slices_are_shown_once_and_in_order()
    {
        var (room, viewer) = await OpenAsync();

        room.Tell(Slice(2));
        room.Tell(Slice(1));
        room.Tell(Slice(2));
        room.Tell(Slice(1, 2, 3));
        room.Tell(EdgeRoomProtocol.Flush.Instance);

        await Eventually.TrueAsync(() => Seen(viewer).Count == 3);
        Assert.Equal(["1", "2", "3"], Seen(viewer));
    }

    [Fact]
    public async Task The_death_of_an_earlier_origin_does_not_affect_the_room()
    {
        var (room, _) = await OpenAsync();
        var (left, now) = (CreateTestProbe(), CreateTestProbe());
        room.Tell(Attached(0), left);
        room.Tell(Attached(0), now);

        Sys.Stop(left);
        await _origin.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(500));
        Sys.Stop(now);

        await _origin.ExpectMsgAsync<AttachEdge>();
    }

    [Fact]
    public async Task A_gap_is_fetched_from_the_origin()
    {
        var (room, viewer) = await OpenAsync();

        room.Tell(Slice(3, 4));
        var fetch = await _origin.FishForMessageAsync<FetchRange>(_ => true);
        _origin.Reply(Attached(4, 1, 2));
        room.Tell(EdgeRoomProtocol.Flush.Instance);

        await Eventually.TrueAsync(() => Seen(viewer).Count == 4);
        Assert.Equal(new MissingRange(Epoch, 1, 2), fetch.Range);
        Assert.Equal(["1", "2", "3", "4"], Seen(viewer));
    }

    [Fact]
    public async Task A_missing_end_is_noticed_by_the_head_and_fetched_until_the_origin_answers()
    {
        var (room, viewer) = await OpenAsync();

        room.Tell(new HeadNote(Id, new RoomHead(new Position(Epoch, 2), Position.None), 1));
        await _origin.FishForMessageAsync<FetchRange>(_ => true);
        var again = await _origin.FishForMessageAsync<FetchRange>(_ => true, TimeSpan.FromSeconds(5));
        _origin.Reply(Attached(2, 1, 2));

        await Eventually.TrueAsync(() => Seen(viewer).Count == 2);
        Assert.Equal(new MissingRange(Epoch, 1, 2), again.Range);
        Assert.Empty(viewer.Outbox.OfType("lost"));
    }

    [Fact]
    public async Task An_empty_answer_is_not_requested_again_at_once()
    {
        var (room, _) = await OpenAsync();
        room.Tell(new HeadNote(Id, new RoomHead(new Position(Epoch, 2), Position.None), 1));
        await _origin.FishForMessageAsync<FetchRange>(_ => true);

        for (var i = 0; i < 20; i++)
        {
            room.Tell(Attached(0), _origin);
        }

        // What the room says to those answers comes before what it says then.
        room.Tell(EdgeRoomProtocol.Attach.Instance);
        var asked = 0;
        await _origin.FishForMessageAsync(message => (asked += message is FetchRange ? 1 : 0) >= 0 && message is AttachEdge);
        Assert.InRange(asked, 0, 1);
    }

    [Fact]
    public async Task A_busy_room_fans_out_when_its_tick_is_over_and_not_before()
    {
        var (room, viewer) = await OpenAsync();
        room.Tell(Slice(1));
        await Eventually.TrueAsync(() => Seen(viewer).Count == 1);

        room.Tell(Slice(2));
        await room.Ask<ActorIdentity>(new Identify(null));
        _time.Advance(TimeSpan.FromMilliseconds(49));
        await room.Ask<ActorIdentity>(new Identify(null));
        Assert.Single(Seen(viewer));
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await Eventually.TrueAsync(() => Seen(viewer).Count == 2);
    }

    [Fact]
    public async Task While_a_batch_is_about_to_go_out_an_acknowledgement_goes_with_it()
    {
        var tick = TimeSpan.FromMinutes(1);
        _rooms = Sys.ActorOf(Props.Create<EdgeRoomManager>(_edge with { FanOut = Ticking(tick) }, 2));
        var (room, viewer) = await OpenAsync();
        _time.Advance(tick);
        room.Tell(Slice(1));
        await Eventually.TrueAsync(() => Seen(viewer).Count == 1);
        room.Tell(Slice(2));
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1)));
        await _origin.FishForMessageAsync<SubmitPost>(_ => true);
        _origin.Send(viewer.Viewer, Accepted(1));
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(2)));
        await _origin.FishForMessageAsync<SubmitPost>(_ => true);
        Assert.Empty(viewer.Outbox.OfType("ack"));

        room.Tell(EdgeRoomProtocol.Flush.Instance);

        await Eventually.TrueAsync(() => Seen(viewer).Count == 2);
        Assert.Equal(["welcome", "batch", "ack", "batch"], viewer.Outbox.Messages.Select(message => message.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task While_nothing_is_about_to_go_out_an_acknowledgement_does_not_wait()
    {
        var (room, viewer) = await OpenAsync();
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1)));
        await _origin.FishForMessageAsync<SubmitPost>(_ => true);

        _origin.Send(viewer.Viewer, Accepted(1));

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("ack").Count == 1);
    }

    [Fact]
    public async Task A_viewer_from_a_faster_edge_waits_until_this_one_has_caught_up()
    {
        var (room, _) = await OpenAsync();
        room.Tell(Slice(1, 2));
        var outbox = new FakeOutbox();
        var last = new Position(Epoch, 4);

        var join = new EdgeRoomManager.Join(new JoinRequest(Id, "Mei", WireFormat.Json, last, 50), outbox);
        _rooms.Tell(join);
        await join.Answer.Task;
        await _origin.FishForMessageAsync<AttachEdge>(_ => true);
        Assert.Empty(outbox.Texts);
        room.Tell(Slice(3, 4, 5));
        room.Tell(EdgeRoomProtocol.Flush.Instance);

        await Eventually.TrueAsync(() => outbox.OfType("welcome").Count == 1);
        var welcome = outbox.OfType("welcome")[0];
        Assert.Equal((false, 4), (welcome.GetProperty("lost").GetBoolean(), welcome.GetProperty("position").GetProperty("offset").GetInt64()));
        await Eventually.TrueAsync(() => outbox.OfType("batch").Count == 1);
        Assert.Equal(5, outbox.OfType("batch")[0].GetProperty("offset").GetInt64());
    }

    [Fact]
    public async Task Viewers_are_told_lost_when_a_range_was_deleted()
    {
        var (room, viewer) = await OpenAsync();

        room.Tell(Slice(9, 10));
        var fetch = await _origin.FishForMessageAsync<FetchRange>(_ => true);
        _origin.Reply(new RangeGone(Id, fetch.Range.Have, new RoomHead(new Position(Epoch, 10), Position.None), 1, [Slice(7, 8, 9, 10)]));

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("lost").Count == 1 && Seen(viewer).Count == 4);
        Assert.Equal(6, viewer.Outbox.OfType("lost")[0].GetProperty("position").GetProperty("offset").GetInt64());
        Assert.Equal(["7", "8", "9", "10"], Seen(viewer));
    }

    [Fact]
    public async Task Posts_go_to_the_origin_and_are_answered_once()
    {
        var (_, viewer) = await OpenAsync();

        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1)));
        var submit = await _origin.FishForMessageAsync<SubmitPost>(_ => true);
        _origin.Reply(new PostAnswer(Id, submit.Post.Id, new Position(Epoch, 1), null, null));
        _origin.Reply(new PostAnswer(Id, submit.Post.Id, new Position(Epoch, 1), null, null));
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(2)));
        submit = await _origin.FishForMessageAsync<SubmitPost>(_ => true);
        _origin.Reply(new PostAnswer(Id, submit.Post.Id, Position.None, RejectReason.RoomBusy, TimeSpan.FromSeconds(2), Deadline: submit.Post.Deadline));

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("reject").Count == 1);
        Assert.Equal(Epoch, submit.KnownEpoch);
        Assert.Equal(1, viewer.Outbox.OfType("ack").Single().GetProperty("position").GetProperty("offset").GetInt64());
        Assert.Equal(2000, viewer.Outbox.OfType("reject").Single().GetProperty("retryAfter").GetInt64());
    }

    [Fact]
    public async Task A_post_that_the_origin_never_answers_is_unknown()
    {
        var (_, viewer) = await OpenAsync();

        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1)));
        await _origin.FishForMessageAsync<SubmitPost>(_ => true);
        _time.Advance(TimeSpan.FromSeconds(1.1));

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("unknown").Count == 1);
        Assert.Equal(new PostId(1).ToString(), viewer.Outbox.OfType("unknown")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task Pending_posts_are_bounded_over_all_viewers_of_an_edge()
    {
        _rooms = Sys.ActorOf(Props.Create<EdgeRoomManager>(_edge with { PendingPosts = new SharedBudget(2) }, 2));
        var (_, first) = await OpenAsync();
        var second = await JoinAsync();
        first.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1)));
        first.Viewer.Tell(new ConnectionActor.SendPost(NewPost(2)));
        await _origin.FishForMessageAsync<SubmitPost>(submit => submit.Post.Id == new PostId(2));

        second.Viewer.Tell(new ConnectionActor.SendPost(NewPost(3)));
        await Eventually.TrueAsync(() => second.Outbox.OfType("reject").Count == 1);

        _origin.Reply(Accepted(1));
        await Eventually.TrueAsync(() => first.Outbox.OfType("ack").Count == 1);
        second.Viewer.Tell(new ConnectionActor.SendPost(NewPost(4)));
        await _origin.FishForMessageAsync<SubmitPost>(submit => submit.Post.Id == new PostId(4));

        Watch(first.Viewer);
        first.Viewer.Tell(ConnectionActor.Leave.Instance);
        await ExpectTerminatedAsync(first.Viewer);
        second.Viewer.Tell(new ConnectionActor.SendPost(NewPost(5)));
        await _origin.FishForMessageAsync<SubmitPost>(submit => submit.Post.Id == new PostId(5));
        Assert.Single(second.Outbox.OfType("reject"));
    }

    [Fact]
    public async Task A_viewer_with_a_pending_post_catches_up_as_soon_as_others()
    {
        _rooms = Sys.ActorOf(Props.Create<EdgeRoomManager>(_edge with { ViewerLimits = new ViewerLimits { PostDeadline = TimeSpan.FromMinutes(10) } }, 2));
        var (room, viewer) = await OpenAsync();
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1)));
        await _origin.FishForMessageAsync<SubmitPost>(_ => true);
        var other = await JoinAsync();
        viewer.Outbox.Capacity = 0;

        room.Tell(Slice(1));
        await Eventually.TrueAsync(() => Seen(other).Count == 1);
        viewer.Outbox.Capacity = int.MaxValue;

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("skipped").Count == 1);
    }

    [Fact]
    public async Task A_refusal_of_the_first_copy_does_not_answer_the_second()
    {
        var (_, viewer) = await OpenAsync();
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1) with { Deadline = 5000 }));
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1) with { Deadline = 9000, Again = true }));
        await _origin.FishForMessageAsync<SubmitPost>(submit => submit.Post.Again);

        _origin.Reply(new PostAnswer(Id, new PostId(1), Position.None, RejectReason.Expired, null, Deadline: 5000));
        _origin.Reply(new PostAnswer(Id, new PostId(1), new Position(Epoch, 1), null, null));

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("ack").Count == 1);
        Assert.Empty(viewer.Outbox.OfType("reject"));
    }

    [Fact]
    public async Task A_viewer_that_missed_more_than_a_page_gets_the_next_when_its_outbox_has_space()
    {
        var text = new string('x', 1000);
        var (room, _) = await OpenAsync();
        var offsets = Enumerable.Range(1, 100).Select(offset => (long)offset).ToArray();
        room.Tell(Danmaku.Actors.Rooms.Slice.Encode(Id, new Batch(
            Epoch, Position.None, [.. offsets.Select(offset => new Comment(offset, 1, "a", text, CommentStyle.Default, null))])));
        var outbox = new FakeOutbox { Capacity = 4 };
        var join = new EdgeRoomManager.Join(new JoinRequest(Id, "Mei", WireFormat.Json, new Position(Epoch, 0), 0), outbox);
        _rooms.Tell(join);

        await Eventually.TrueAsync(() => outbox.OfType("batch").Count == 1);
        Assert.InRange(Texts(outbox).Count, 30, 60);
        await Eventually.TrueAsync(() =>
        {
            outbox.Drain();
            return Texts(outbox).Count == 100;
        });
        Assert.Empty(outbox.OfType("skipped"));
    }

    [Fact]
    public async Task A_viewer_that_reads_beyond_what_has_arrived_gets_everything_once()
    {
        var (room, _) = await OpenAtAsync(6);
        var outbox = await JoinAsync(new Position(Epoch, 1));
        await _origin.FishForMessageAsync<ReadHistory>(_ => true);

        _origin.Reply(new HistoryPage(Id, new Position(Epoch, 1), [Slice(2, 3, 4, 5, 6, 7, 8)]));
        await Eventually.TrueAsync(() => Texts(outbox).Count == 5);
        room.Tell(Slice(7, 8, 9));
        room.Tell(EdgeRoomProtocol.Flush.Instance);

        await Eventually.TrueAsync(() => Texts(outbox).Count >= 8);
        Assert.Equal(["2", "3", "4", "5", "6", "7", "8", "9"], Texts(outbox));
        Assert.Empty(outbox.OfType("lost"));
    }

    [Fact]
    public async Task A_viewer_from_a_faster_edge_is_not_lost_while_this_edge_catches_up_in_pages()
    {
        var (room, _) = await OpenAsync();
        var outbox = await JoinAsync(new Position(Epoch, 5));
        var attach = await _origin.FishForMessageAsync<AttachEdge>(_ => true);
        room.Tell(Attached(2, 1, 2), _origin);
        _origin.Send(room, Attached(6, 3, 4) with { Question = attach.Question });
        await _origin.FishForMessageAsync<FetchRange>(fetch => fetch.Range.Have.Offset == 4);
        Assert.Empty(outbox.Texts);

        _origin.Reply(Attached(6, 5, 6));
        room.Tell(EdgeRoomProtocol.Flush.Instance);

        await Eventually.TrueAsync(() => Texts(outbox).Count == 1);
        Assert.Equal(["6"], Texts(outbox));
        Assert.False(outbox.OfType("welcome").Single().GetProperty("lost").GetBoolean());
    }

    [Fact]
    public async Task A_post_that_the_origin_does_not_know_is_answered_unknown_at_once()
    {
        var (_, viewer) = await OpenAsync();
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1)));
        await _origin.FishForMessageAsync<SubmitPost>(_ => true);

        _origin.Reply(new PostAnswer(Id, new PostId(1), Position.None, null, null));

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("unknown").Count == 1);
    }

    [Fact]
    public async Task A_post_that_is_stored_later_is_acknowledged_twice()
    {
        var (_, viewer) = await OpenAsync();
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(1)));
        await _origin.FishForMessageAsync<SubmitPost>(_ => true);
        var answer = new PostAnswer(Id, new PostId(1), new Position(Epoch, 1), null, null, IsDurable: false);

        _origin.Reply(answer);
        _origin.Reply(answer);
        _origin.Reply(answer with { IsDurable = true });
        _origin.Reply(answer with { IsDurable = true });
        viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(2)));
        await _origin.FishForMessageAsync<SubmitPost>(_ => true);
        _origin.Reply(new PostAnswer(Id, new PostId(2), Position.None, null, null));

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("unknown").Count == 1);
        Assert.Equal([false, true], viewer.Outbox.OfType("ack").Select(ack => ack.GetProperty("durable").GetBoolean()));
    }

    [Fact]
    public async Task A_repeat_costs_no_rate()
    {
        var (_, _) = await OpenAsync();
        var rate = new PostRate(1, 2, _time);
        var join = new EdgeRoomManager.Join(new JoinRequest(Id, "Mei", WireFormat.Json, null, 50) { Rate = rate }, new FakeOutbox());
        _rooms.Tell(join);
        var viewer = (await join.Answer.Task)!;
        Assert.Null(rate.TryTake());
        Assert.Null(rate.TryTake());
        Assert.NotNull(rate.TryTake());
        viewer.Tell(new ConnectionActor.SendPost(NewPost(1)));
        await _origin.FishForMessageAsync<SubmitPost>(_ => true);

        _origin.Reply(new PostAnswer(Id, new PostId(1), new Position(Epoch, 1), null, null, IsRepeat: true));

        await Eventually.TrueAsync(() => rate.TryTake() is null);
    }

    [Fact]
    public async Task No_viewer_joins_before_all_pages_of_the_rooms_history_have_come()
    {
        var viewer = await JoinAsync();
        await _origin.ExpectMsgAsync<AttachEdge>();
        _origin.Reply(Attached(4, 1, 2));

        var fetch = await _origin.FishForMessageAsync<FetchRange>(_ => true);
        Assert.Empty(viewer.Outbox.Texts);
        _origin.Reply(Attached(4, 3, 4));

        await Eventually.TrueAsync(() => Seen(viewer).Count == 4);
        Assert.Equal(new Position(Epoch, 2), fetch.Range.Have);
        Assert.Equal(4, viewer.Outbox.OfType("welcome")[0].GetProperty("head").GetProperty("offset").GetInt64());
        Assert.Single(viewer.Outbox.OfType("batch"));
    }

    [Fact]
    public async Task A_viewer_with_an_older_position_than_the_edge_has_reads_from_the_origin()
    {
        var (room, _) = await OpenAtAsync(6);
        var outbox = await JoinAsync(new Position(Epoch, 1));
        var read = await _origin.FishForMessageAsync<ReadHistory>(_ => true);
        room.Tell(Slice(7));
        _origin.Reply(new HistoryPage(Id, read.After, [Slice(2, 3)]));
        var next = await _origin.FishForMessageAsync<ReadHistory>(_ => true);

        _origin.Reply(new HistoryPage(Id, next.After, [Slice(4, 5, 6)]));

        await Eventually.TrueAsync(() => Texts(outbox).Count == 6);
        room.Tell(Slice(8));
        room.Tell(EdgeRoomProtocol.Flush.Instance);
        await Eventually.TrueAsync(() => Texts(outbox).Count == 7);
        Assert.Equal(["2", "3", "4", "5", "6", "7", "8"], Texts(outbox));
        var welcome = outbox.OfType("welcome").Single();
        Assert.Equal((false, 1), (welcome.GetProperty("lost").GetBoolean(), welcome.GetProperty("position").GetProperty("offset").GetInt64()));
        Assert.Equal((1, 3), (read.After.Offset, next.After.Offset));
    }

    [Fact]
    public async Task Many_viewers_with_the_same_position_need_one_request()
    {
        await OpenAtAsync(6);
        var outboxes = new[] { await JoinAsync(new Position(Epoch, 5)), await JoinAsync(new Position(Epoch, 5)) };
        await _origin.FishForMessageAsync<ReadHistory>(_ => true);

        _origin.Reply(new HistoryPage(Id, new Position(Epoch, 5), [Slice(6)]));

        await Eventually.TrueAsync(() => outboxes.All(outbox => Texts(outbox).SequenceEqual(["6"])));
        _rooms.Tell(new EdgeRoomManager.Open(Id), TestActor);
        await ExpectMsgAsync<EdgeRoomManager.Opened>();
        await _origin.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task The_missed_range_of_a_viewer_that_has_left_is_not_requested_again()
    {
        var (room, _) = await OpenAtAsync(6);
        var join = new EdgeRoomManager.Join(new JoinRequest(Id, "Mei", WireFormat.Json, new Position(Epoch, 5), 50), new FakeOutbox());
        _rooms.Tell(join);
        await _origin.FishForMessageAsync<ReadHistory>(_ => true);
        room.Tell(EdgeRoomProtocol.Pulse.Instance);
        await _origin.FishForMessageAsync<EdgeViewers>(viewers => viewers.Viewers == 2);

        (await join.Answer.Task)!.Tell(ConnectionActor.Leave.Instance);
        await Eventually.TrueAsync(() =>
        {
            room.Tell(EdgeRoomProtocol.Pulse.Instance);
            return _origin.HasMessages;
        });
        Assert.Equal(1, (await _origin.ExpectMsgAsync<EdgeViewers>()).Viewers);
        _time.Advance(TimeSpan.FromSeconds(3));
        room.Tell(EdgeRoomProtocol.Pulse.Instance);
        _rooms.Tell(new EdgeRoomManager.Open(Id), TestActor);
        await ExpectMsgAsync<EdgeRoomManager.Opened>();

        await _origin.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_viewer_that_missed_deleted_danmaku_is_told_lost_and_gets_the_newest()
    {
        await OpenAtAsync(2, 3, 4);
        var outbox = await JoinAsync(new Position(Epoch - 1, 9));
        var read = await _origin.FishForMessageAsync<ReadHistory>(_ => true);

        _origin.Reply(new HistoryGone(Id, read.After));

        await Eventually.TrueAsync(() => Texts(outbox).Count == 2);
        Assert.True(outbox.OfType("welcome").Single().GetProperty("lost").GetBoolean());
        Assert.Equal(["3", "4"], Texts(outbox));
    }

    [Fact]
    public async Task A_viewer_that_reads_on_and_finds_the_rest_deleted_is_told_lost()
    {
        await OpenAtAsync(6, 7);
        var outbox = await JoinAsync(new Position(Epoch, 1));
        await _origin.FishForMessageAsync<ReadHistory>(_ => true);
        _origin.Reply(new HistoryPage(Id, new Position(Epoch, 1), [Slice(2)]));
        var next = await _origin.FishForMessageAsync<ReadHistory>(_ => true);

        _origin.Reply(new HistoryGone(Id, next.After));

        await Eventually.TrueAsync(() => Texts(outbox).Count == 2);
        Assert.Equal(["2", "7"], Texts(outbox));
        Assert.Equal(6, outbox.OfType("lost").Single().GetProperty("position").GetProperty("offset").GetInt64());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_range_is_given_up_only_when_its_origin_answers_without_it(bool isHeard)
    {
        var (room, viewer) = await OpenAsync();
        room.Tell(Slice(3));
        await _origin.FishForMessageAsync<FetchRange>(_ => true);
        _time.Advance(RoomLimits.Default.GapTimeout + TimeSpan.FromSeconds(1));
        if (isHeard)
        {
            room.Tell(new HeadNote(Id, new RoomHead(new Position(Epoch, 3), Position.None), 1));
        }

        room.Tell(EdgeRoomProtocol.Pulse.Instance);
        room.Tell(EdgeRoomProtocol.Attach.Instance);
        await _origin.FishForMessageAsync<AttachEdge>(_ => true);

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("lost").Count == (isHeard ? 1 : 0));
        Assert.Equal(isHeard ? ["3"] : [], Seen(viewer));
    }

    [Fact]
    public async Task Posts_without_an_answer_are_bounded()
    {
        var (_, viewer) = await OpenAsync();

        for (var i = 1; i <= 3; i++)
        {
            viewer.Viewer.Tell(new ConnectionActor.SendPost(NewPost(i)));
        }

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("reject").Count == 1);
        Assert.Equal("unavailable", viewer.Outbox.OfType("reject")[0].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task An_overloaded_edge_skips_the_oldest_danmaku_and_tells_viewers()
    {
        var (room, viewer) = await OpenAsync();
        var plain = await JoinAsync(format: WireFormat.Plain);
        var slow = new LaboriousOutbox(_time, TimeSpan.FromMilliseconds(400));
        var join = new EdgeRoomManager.Join(new JoinRequest(Id, "Mei", WireFormat.Json, null, 0), slow);
        _rooms.Tell(join);
        await join.Answer.Task.WaitAsync(TimeSpan.FromSeconds(10));

        room.Tell(Long(1, 100));
        await Eventually.TrueAsync(() => plain.Outbox.Texts.Count == 100);
        room.Tell(Long(101, 200));
        room.Tell(EdgeRoomProtocol.Flush.Instance);

        await Eventually.TrueAsync(() => plain.Outbox.Texts.Count == 200);
        var skipped = viewer.Outbox.OfType("skipped").Single();
        var count = skipped.GetProperty("count").GetInt32();
        Assert.Equal(101, skipped.GetProperty("from").GetInt64());
        Assert.InRange(count, 1, 99);
        Assert.Equal(200 - count, Seen(viewer).Count);
        Assert.Null(viewer.Outbox.Closed);

        static Slice Long(int from, int through) => Danmaku.Actors.Rooms.Slice.Encode(Id, new Batch(
            Epoch,
            Position.None,
            [.. Enumerable.Range(from, through - from + 1).Select(offset => new Comment(offset, 1, "a", new string('x', 1000), CommentStyle.Default, null))]));
    }

    [Fact]
    public async Task A_failing_viewer_is_closed_and_no_other_viewer_notices()
    {
        var (room, good) = await OpenAsync();
        var bad = await JoinAsync(new ThrowingOutbox());
        var plain = await JoinAsync(format: WireFormat.Plain);

        room.Tell(Slice(1));
        room.Tell(EdgeRoomProtocol.Flush.Instance);
        await Eventually.TrueAsync(() => Seen(good).Count == 1 && plain.Outbox.Texts.Count == 1);
        await Eventually.TrueAsync(() => bad.Throwing!.Closed == CloseReason.InternalError);

        room.Tell(Slice(2));
        _time.Advance(TimeSpan.FromSeconds(1));
        room.Tell(EdgeRoomProtocol.Flush.Instance);
        await Eventually.TrueAsync(() => Seen(good).Count == 2);
        Assert.Equal(["1", "2"], plain.Outbox.Texts);
    }

    [Fact]
    public async Task Viewers_of_an_ending_node_are_told_that_it_restarts()
    {
        var (_, viewer) = await OpenAsync();

        await CoordinatedShutdown.Get(Sys).Run(CoordinatedShutdown.ClusterDowningReason.Instance);

        await Eventually.TrueAsync(() => viewer.Outbox.Closed == CloseReason.Restarting);
    }

    [Fact]
    public async Task A_viewer_that_gave_up_joining_does_not_join_later()
    {
        var (room, _) = await OpenAsync();
        var join = new EdgeRoomManager.Join(new JoinRequest(Id, "Mei", WireFormat.Json, null, 50), new FakeOutbox());
        join.Answer.SetCanceled();

        _rooms.Tell(join);

        var next = await JoinAsync();
        await Eventually.TrueAsync(async () =>
        {
            room.Tell(EdgeRoomProtocol.Attach.Instance);
            return (await _origin.FishForMessageAsync<AttachEdge>(_ => true)).Viewers == 2;
        });
        Assert.Equal(2, next.Outbox.OfType("welcome")[0].GetProperty("viewers").GetInt32());
    }

    [Fact]
    public async Task A_room_whose_first_viewer_gave_up_is_attached_for_the_next()
    {
        var join = new EdgeRoomManager.Join(new JoinRequest(Id, "Mei", WireFormat.Json, null, 50), new FakeOutbox());
        join.Answer.SetCanceled();
        _rooms.Tell(join);

        await OpenAsync();
    }

    [Fact]
    public async Task A_plain_viewer_gets_the_danmaku_since_its_room_was_opened()
    {
        var (room, _) = await OpenAsync();
        _rooms.Tell(new EdgeRoomManager.Open(Id), TestActor);
        var opened = await ExpectMsgAsync<EdgeRoomManager.Opened>();
        room.Tell(Slice(1, 2));

        var outbox = new FakeOutbox();
        _rooms.Tell(new EdgeRoomManager.Join(new JoinRequest(Id, "Mei", WireFormat.Plain, opened.Top, 0), outbox));

        await Eventually.TrueAsync(() => outbox.Texts.SequenceEqual(["1", "2"]));
    }

    [Fact]
    public async Task A_full_edge_refuses_viewers_of_another_room()
    {
        await JoinAsync(room: "one");
        await JoinAsync(room: "two");
        var outbox = new FakeOutbox();

        var join = new EdgeRoomManager.Join(new JoinRequest(RoomId.Parse("three"), "Mei", WireFormat.Json, null, 50), outbox);
        _rooms.Tell(join);

        Assert.Null(await join.Answer.Task);
        Assert.Equal(CloseReason.TooManyRooms, outbox.Closed);
        _rooms.Tell(new EdgeRoomManager.Open(RoomId.Parse("three")), TestActor);
        await ExpectMsgAsync<EdgeRoomManager.Opened>();
    }

    [Fact]
    public async Task A_full_edge_closes_a_room_without_viewers_for_another()
    {
        var gone = await JoinAsync(room: "one");
        await JoinAsync(room: "two");
        var room = (await _ingress.FishForMessageAsync<ReplicationIngress.RoomOpened>(opened => opened.Room == RoomId.Parse("one"))).Actor;
        gone.Viewer.Tell(ConnectionActor.Leave.Instance);
        await _origin.FishForMessageAsync<AttachEdge>(attach => attach.Room == RoomId.Parse("one") && attach.Viewers == 0, TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(4));
        room.Tell(EdgeRoomProtocol.Pulse.Instance);

        await Eventually.TrueAsync(async () =>
        {
            var join = new EdgeRoomManager.Join(new JoinRequest(RoomId.Parse("three"), "Mei", WireFormat.Json, null, 50), new FakeOutbox());
            _rooms.Tell(join);
            return await join.Answer.Task is not null;
        });

        await _ingress.FishForMessageAsync<ReplicationIngress.RoomClosed>(closed => closed.Room == RoomId.Parse("one"));
        var outbox = new FakeOutbox();
        var fourth = new EdgeRoomManager.Join(new JoinRequest(RoomId.Parse("four"), "Mei", WireFormat.Json, null, 50), outbox);
        _rooms.Tell(fourth);
        Assert.Null(await fourth.Answer.Task);
    }

    [Fact]
    public async Task Viewers_of_a_full_origin_are_refused()
    {
        var viewer = await JoinAsync();
        await _origin.ExpectMsgAsync<AttachEdge>();

        _origin.Reply(new RoomRefused(Id));

        await Eventually.TrueAsync(() => viewer.Outbox.Closed == CloseReason.TooManyRooms);
    }

    [Fact]
    public async Task A_room_closes_and_detaches_when_it_has_been_empty_for_a_while()
    {
        var (room, viewer) = await OpenAsync();
        Watch(room);
        viewer.Viewer.Tell(ConnectionActor.Leave.Instance);
        await Eventually.TrueAsync(async () =>
        {
            room.Tell(EdgeRoomProtocol.Pulse.Instance);
            return (await _origin.FishForMessageAsync<EdgeViewers>(_ => true)).Viewers == 0;
        });
        _time.Advance(TimeSpan.FromSeconds(61));

        room.Tell(EdgeRoomProtocol.Pulse.Instance);

        await ExpectTerminatedAsync(room);
        await _origin.FishForMessageAsync<DetachEdge>(_ => true);
        await _ingress.FishForMessageAsync<ReplicationIngress.RoomClosed>(_ => true);
    }

    [Fact]
    public async Task The_number_of_viewers_is_told_when_it_changes()
    {
        var (room, viewer) = await OpenAsync();

        room.Tell(new HeadNote(Id, new RoomHead(new Position(Epoch, 0), Position.None), 12));
        room.Tell(EdgeRoomProtocol.Pulse.Instance);
        room.Tell(EdgeRoomProtocol.Pulse.Instance);
        room.Tell(new HeadNote(Id, new RoomHead(new Position(Epoch, 0), Position.None), 13));
        room.Tell(EdgeRoomProtocol.Pulse.Instance);

        await Eventually.TrueAsync(() => viewer.Outbox.OfType("viewers") is [.., var last] && last.GetProperty("count").GetInt32() == 13);
        Assert.Equal([12, 13], viewer.Outbox.OfType("viewers").Select(message => message.GetProperty("count").GetInt32()).Where(count => count > 1));
    }

    /// <summary>A room of which the edge has what follows the first of these.</summary>
    private async Task<(IActorRef Room, Joined Viewer)> OpenAtAsync(params long[] offsets)
    {
        var viewer = await JoinAsync();
        var room = (await _ingress.ExpectMsgAsync<ReplicationIngress.RoomOpened>()).Actor;
        await _origin.ExpectMsgAsync<AttachEdge>();
        _origin.Reply(Attached(offsets[^1], offsets[1..]));
        await Eventually.TrueAsync(() => viewer.Outbox.OfType("welcome").Count == 1);
        return (room, viewer);
    }

    private async Task<FakeOutbox> JoinAsync(Position last)
    {
        var outbox = new FakeOutbox();
        var join = new EdgeRoomManager.Join(new JoinRequest(Id, "Mei", WireFormat.Json, last, 50), outbox);
        _rooms.Tell(join);
        await join.Answer.Task.WaitAsync(TimeSpan.FromSeconds(10));
        return outbox;
    }

    private async Task<(IActorRef Room, Joined Viewer)> OpenAsync()
    {
        var viewer = await JoinAsync();
        var room = (await _ingress.ExpectMsgAsync<ReplicationIngress.RoomOpened>()).Actor;
        await _origin.ExpectMsgAsync<AttachEdge>();
        _origin.Reply(Attached(0));
        await Eventually.TrueAsync(() => viewer.Outbox.OfType("welcome").Count == 1);
        _time.Advance(TimeSpan.FromSeconds(1));
        return (room, viewer);
    }

    private async Task<Joined> JoinAsync(ThrowingOutbox? throwing = null, WireFormat? format = null, string room = "lobby")
    {
        var outbox = new FakeOutbox();
        var request = new JoinRequest(RoomId.Parse(room), "Mei", format ?? WireFormat.Json, null, 50);
        var join = new EdgeRoomManager.Join(request, throwing ?? (IOutbox)outbox);
        _rooms.Tell(join);
        return new Joined((await join.Answer.Task.WaitAsync(TimeSpan.FromSeconds(10)))!, outbox, throwing);
    }

    private static Post NewPost(int id) => new(new PostId((UInt128)id), "Mei", "hi", CommentStyle.Default, null, long.MaxValue);

    private static Attached Attached(long top, params long[] offsets) =>
        new(Id, new RoomHead(new Position(Epoch, top), Position.None), 1, offsets.Length == 0 ? [] : [Slice(offsets)]);

    private static Slice Slice(params long[] offsets) => Danmaku.Actors.Rooms.Slice.Encode(Id, new Batch(
        Epoch, Position.None, [.. offsets.Select(offset => new Comment(offset, 1, "a", $"{offset}", CommentStyle.Default, null))]));

    private static PostAnswer Accepted(int id) => new(Id, new PostId((UInt128)id), new Position(Epoch, id), null, null);

    private static List<string> Seen(Joined viewer) => Texts(viewer.Outbox);

    private static List<string> Texts(FakeOutbox outbox) =>
    [
        .. outbox.OfType("batch").SelectMany(batch => batch.GetProperty("comments").EnumerateArray())
            .Select(comment => comment.GetProperty("text").GetString()!),
    ];

    private sealed record Joined(IActorRef Viewer, FakeOutbox Outbox, ThrowingOutbox? Throwing);

    /// <summary>Writing to it takes time.</summary>
    private sealed class LaboriousOutbox(ManualTimeProvider time, TimeSpan takes) : IOutbox
    {
        public bool IsDrained => true;

        public bool TryWrite(Frame frame, bool later = false)
        {
            time.Advance(takes);
            return true;
        }

        public void Flush()
        {
        }

        public void Close(CloseReason reason)
        {
        }
    }

    private sealed class ThrowingOutbox : IOutbox
    {
        public CloseReason? Closed { get; private set; }

        public bool IsDrained => false;

        public bool TryWrite(Frame frame, bool later = false) => throw new InvalidOperationException("a bug");

        public void Flush()
        {
        }

        public void Close(CloseReason reason) => Closed ??= reason;
    }

    /// <summary>Gives posts to an origin, which answers who posted.</summary>
    private sealed class ForwarderTo : ReceiveActor
    {
        public ForwarderTo(IActorRef origin) => Receive<PostForwarder.Send>(send => origin.Forward(send.Post));
    }
}
