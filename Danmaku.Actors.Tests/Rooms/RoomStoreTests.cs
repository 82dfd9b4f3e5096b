using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Danmaku.Actors.Clocks;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Storage;
using Danmaku.Actors.Tests.Clocks;
using Danmaku.Actors.Tests.Storage;
using Danmaku.Core.Clocks;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Rooms;

/// <summary>A room and its store: what is seen when, and what becomes of posts while the store is slow, away or somebody else's.</summary>
public sealed class RoomStoreTests : TestKit
{
    private static readonly RoomId Id = RoomId.Parse("lobby");

    private readonly ManualTimeProvider _time = new();
    private readonly DanmakuMetrics _metrics = new();
    private readonly TestStore _kept = new();
    private readonly ReplicationPublisher _publisher;
    private readonly SharedBudget _unsaved = new(2);
    private readonly OriginStore _store;
    private readonly NodeClock _clock;

    public RoomStoreTests()
    {
        _publisher = new ReplicationPublisher(_metrics, _time);
        _clock = SomeClock.Of(_time);
        var health = new StoreHealth(_metrics, _time, NullLogger<StoreHealth>.Instance);
        _store = new OriginStore(_kept, [Sys.ActorOf(Props.Create<GroupCommitWriter>(_kept, health, TimeProvider.System))], health, _time);
    }

    [Fact]
    public async Task A_danmaku_is_not_shown_or_acknowledged_before_the_store_has_it()
    {
        var room = await OpenAsync();
        _kept.Hold();
        room.Tell(Submit(1, "hello"), TestActor);
        room.Tell(new AttachEdge(Id, Position.None, 1), TestActor);
        Assert.Empty((await ExpectMsgAsync<Attached>()).Page);

        _kept.Release();

        var answer = await ExpectMsgAsync<PostAnswer>();
        Assert.True(answer.IsDurable);
        Assert.Equal("hello", (await PublishedAsync()).Decode().Comments.Single().Text);
    }

    [Fact]
    public async Task A_room_does_not_wait_for_a_slow_store_and_the_author_gets_two_acknowledgements()
    {
        var room = await OpenAsync();
        _kept.Hold();
        room.Tell(Submit(1, "hello"), TestActor);
        _time.Advance(RoomLimits.Default.StoreTimeout);

        room.Tell(RoomSignals.Overdue.Instance);

        var first = await ExpectMsgAsync<PostAnswer>();
        Assert.False(first.IsDurable);
        Assert.Equal("hello", (await PublishedAsync()).Decode().Comments.Single().Text);
        _kept.Release();
        Assert.Equal(first with { IsDurable = true }, await ExpectMsgAsync<PostAnswer>());
    }

    [Fact]
    public async Task A_repeat_while_the_first_waits_for_the_store_gets_the_same_answers()
    {
        var room = await OpenAsync();
        var other = CreateTestProbe();
        _kept.Hold();
        room.Tell(Submit(1, "hello"), TestActor);
        room.Tell(Submit(1, "hello"), other);
        room.Tell(new AttachEdge(Id, Position.None, 1), other);
        await other.ExpectMsgAsync<Attached>();

        _kept.Release();

        var first = await ExpectMsgAsync<PostAnswer>();
        Assert.Equal(first with { IsRepeat = true }, await other.ExpectMsgAsync<PostAnswer>());
    }

    [Fact]
    public async Task A_room_that_opens_while_the_store_is_away_refuses_posts_and_accepts_them_when_it_is_back()
    {
        _kept.IsAway = true;
        var room = Start();
        room.Tell(Submit(1, "too early"), TestActor);

        var refused = await ExpectMsgAsync<PostAnswer>();
        Assert.Equal(RejectReason.Unavailable, refused.Reason);
        Assert.NotNull(refused.RetryAfter);
        room.Tell(Submit(2, "sent before, and perhaps stored", again: true), TestActor);
        Assert.True((await ExpectMsgAsync<PostAnswer>()).IsUnknown);
        _kept.IsAway = false;
        await Eventually.TrueAsync(async () =>
        {
            room.Tell(Submit(1, "hello"), TestActor);
            return (await ExpectMsgAsync<PostAnswer>()).Reason is null;
        });
    }

    [Fact]
    public async Task A_room_that_is_opened_elsewhere_writes_nothing_more_and_goes_on_with_what_the_other_wrote()
    {
        var room = await OpenAsync();
        room.Tell(Submit(1, "mine"), TestActor);
        var mine = await ExpectMsgAsync<PostAnswer>();
        var other = await _kept.OpenAsync(Id, new OpenRequest(0, 0, 10, 0, 10), CancellationToken.None);
        await _kept.AppendAsync([new RoomAppend(Id, other.Epoch, [(new PostId(7), new Comment(1, 1, "b", "theirs", CommentStyle.Default, null))])], CancellationToken.None);

        _time.Advance(TimeSpan.FromSeconds(1));
        room.Tell(Submit(2, "fenced"), TestActor);
        Assert.True((await ExpectMsgAsync<PostAnswer>()).IsUnknown);

        room.Tell(Submit(2, "post 2", again: true), TestActor);
        var again = await ExpectMsgAsync<PostAnswer>();
        Assert.True(again.Position.Epoch > other.Epoch);
        room.Tell(new AttachEdge(Id, mine.Position, 1), TestActor);
        var attached = await FishForMessageAsync<Attached>(_ => true);
        Assert.Equal(["theirs", "post 2"], Texts(attached.Page));
        Assert.Equal(new Position(other.Epoch, 1), attached.Head.Previous);
    }

    [Fact]
    public async Task An_origin_that_keeps_too_much_for_a_store_that_is_away_refuses_new_posts_and_no_repeats()
    {
        var room = await OpenAsync();
        _kept.Hold();
        room.Tell(Submit(1, "one"), TestActor);
        room.Tell(Submit(2, "two"), TestActor);
        room.Tell(Submit(3, "too much"), TestActor);
        room.Tell(Submit(1, "one"), TestActor);

        var refused = await ExpectMsgAsync<PostAnswer>();
        Assert.Equal((new PostId(3), RejectReason.Unavailable), (refused.Id, refused.Reason));
        _kept.Release();
        Assert.Equal([new PostId(1), new PostId(2)], [(await ExpectMsgAsync<PostAnswer>()).Id, (await ExpectMsgAsync<PostAnswer>()).Id]);
        room.Tell(Submit(3, "not any more"), TestActor);
        Assert.Null((await ExpectMsgAsync<PostAnswer>()).Reason);
    }

    [Fact]
    public async Task A_room_that_opens_again_has_its_history_and_knows_its_posts()
    {
        var first = await OpenAsync();
        first.Tell(Submit(1, "hello"), TestActor);
        var accepted = await ExpectMsgAsync<PostAnswer>();
        await StopAsync(first);

        var second = Start("again");
        second.Tell(Submit(1, "hello"), TestActor);
        second.Tell(new AttachEdge(Id, Position.None, 1), TestActor);

        Assert.Equal(accepted with { IsRepeat = true }, await ExpectMsgAsync<PostAnswer>());
        var attached = await ExpectMsgAsync<Attached>();
        Assert.Equal(["hello"], Texts(attached.Page));
        Assert.Equal(accepted.Position, attached.Head.Previous);
    }

    [Fact]
    public async Task A_room_that_moves_waits_for_what_the_store_is_writing()
    {
        var room = await OpenAsync();
        Watch(room);
        _kept.Hold();
        room.Tell(Submit(1, "hello"), TestActor);
        room.Tell(RoomActor.Stop.Instance, TestActor);
        room.Tell(Submit(2, "too late"), TestActor);
        Assert.True((await ExpectMsgAsync<PostAnswer>()).IsUnknown);

        _kept.Release();

        Assert.True((await ExpectMsgAsync<PostAnswer>()).IsDurable);
        await ExpectTerminatedAsync(room);
    }

    [Fact]
    public async Task Danmaku_that_left_memory_are_read_from_the_store_and_those_never_stored_are_gone()
    {
        var room = await OpenAsync(RoomLimits.Default with { HistoryComments = 2 });
        var last = Position.None;
        for (var i = 1; i <= 6; i++)
        {
            room.Tell(Submit(i, $"{i}"), TestActor);
            last = (await ExpectMsgAsync<PostAnswer>()).Position;
        }

        room.Tell(new ReadHistory(Id, last with { Offset = 1 }, last.Epoch), TestActor);
        Assert.Equal(["2", "3", "4", "5", "6"], Texts((await ExpectMsgAsync<HistoryPage>()).Page));
        room.Tell(new FetchRange(Id, new MissingRange(last.Epoch, 3, 5)), TestActor);
        Assert.Equal("3", Texts((await ExpectMsgAsync<Attached>()).Page).First());
        room.Tell(new ReadHistory(Id, new Position(1, 1), 0), TestActor);
        Assert.Equal(new Position(1, 1), (await ExpectMsgAsync<HistoryGone>()).After);
        room.Tell(new FetchRange(Id, new MissingRange(1, 2, 2)), TestActor);
        Assert.Equal(["5", "6"], Texts((await ExpectMsgAsync<RangeGone>()).Newest));
    }

    [Fact]
    public async Task A_room_that_was_stamped_ahead_goes_on_in_an_epoch_with_the_right_time_and_nobody_misses_anything()
    {
        var room = await OpenAsync();
        _time.Shift(TimeSpan.FromDays(8));
        room.Tell(Submit(1, "ahead"), TestActor);
        var ahead = await ExpectMsgAsync<PostAnswer>();
        _time.Shift(TimeSpan.FromDays(-8));

        room.Tell(Submit(2, "right"), TestActor);

        var right = await ExpectMsgAsync<PostAnswer>();
        Assert.Equal(1, right.Position.Offset);
        Assert.True(right.Position.Epoch > ahead.Position.Epoch);
        room.Tell(Submit(1, "ahead"), TestActor);
        Assert.Equal(ahead with { IsRepeat = true }, await ExpectMsgAsync<PostAnswer>());
        room.Tell(new AttachEdge(Id, ahead.Position, 1), TestActor);
        var attached = await ExpectMsgAsync<Attached>();
        Assert.Equal(ahead.Position, attached.Head.Previous);
        Assert.Equal(_time.Now, Assert.Single(attached.Page).Decode().Comments.Single().Time);
    }

    [Fact]
    public async Task An_epoch_that_was_stamped_ahead_ends_when_the_store_has_all_of_it()
    {
        var room = await OpenAsync();
        _kept.Hold();
        _time.Shift(TimeSpan.FromDays(8));
        room.Tell(Submit(1, "ahead"), TestActor);
        _time.Shift(TimeSpan.FromDays(-8));
        room.Tell(Submit(2, "right"), TestActor);
        room.Tell(new AttachEdge(Id, Position.None, 1), TestActor);
        Assert.Empty((await ExpectMsgAsync<Attached>()).Page);

        _kept.Release();

        var (ahead, right) = (await ExpectMsgAsync<PostAnswer>(), await ExpectMsgAsync<PostAnswer>());
        Assert.Equal((new PostId(1), true), (ahead.Id, ahead.IsDurable));
        Assert.Equal((new PostId(2), 1, true), (right.Id, right.Position.Offset, right.Position.Epoch > ahead.Position.Epoch));
    }

    [Fact]
    public async Task An_epoch_that_was_stamped_ahead_goes_on_while_the_store_is_away()
    {
        var room = await OpenAsync();
        _kept.Hold();
        _time.Shift(TimeSpan.FromDays(8));
        var ahead = _time.Now;
        room.Tell(Submit(1, "ahead"), TestActor);
        _time.Shift(TimeSpan.FromDays(-8));
        room.Tell(Submit(2, "too"), TestActor);
        _time.Advance(RoomLimits.Default.StoreTimeout);

        room.Tell(RoomSignals.Overdue.Instance);

        var (first, second) = (await ExpectMsgAsync<PostAnswer>(), await ExpectMsgAsync<PostAnswer>());
        Assert.Equal((false, first.Position.Next, false), (first.IsDurable, second.Position, second.IsDurable));
        Assert.Equal(ahead, (await PublishedAsync()).Decode().Comments.Single().Time);
        Assert.Equal(ahead, (await PublishedAsync()).Decode().Comments.Single().Time);
    }

    [Fact]
    public async Task A_room_that_stops_while_its_epoch_ends_answers_unknown()
    {
        var room = await OpenAsync();
        _kept.Hold();
        _time.Shift(TimeSpan.FromDays(8));
        room.Tell(Submit(1, "ahead"), TestActor);
        _time.Shift(TimeSpan.FromDays(-8));
        room.Tell(Submit(2, "right"), TestActor);
        Watch(room);

        room.Tell(RoomActor.Stop.Instance);

        var unknown = await ExpectMsgAsync<PostAnswer>();
        Assert.Equal((new PostId(2), true), (unknown.Id, unknown.IsUnknown));
        _kept.Release();
        Assert.Equal((new PostId(1), true), await ExpectMsgAsync<PostAnswer>() is var kept ? (kept.Id, kept.IsDurable) : default);
        await ExpectTerminatedAsync(room);
    }

    [Fact]
    public async Task An_origin_with_a_wrong_clock_refuses_new_posts_and_recognises_repeats()
    {
        var room = await OpenAsync();
        room.Tell(Submit(1, "before"), TestActor);
        var before = await ExpectMsgAsync<PostAnswer>();

        _clock.Judge(ClockState.Wrong);
        room.Tell(Submit(2, "refused"), TestActor);
        room.Tell(Submit(1, "before"), TestActor);

        var refused = await ExpectMsgAsync<PostAnswer>();
        Assert.Equal(RejectReason.Unavailable, refused.Reason);
        Assert.NotNull(refused.RetryAfter);
        Assert.Equal(before with { IsRepeat = true }, await ExpectMsgAsync<PostAnswer>());
        _clock.Judge(ClockState.Right);
        room.Tell(Submit(2, "after"), TestActor);
        Assert.Null((await ExpectMsgAsync<PostAnswer>()).Reason);
    }

    [Fact]
    public async Task Appends_of_other_rooms_during_a_commit_become_the_next_commit()
    {
        var rooms = Enumerable.Range(1, 3).Select(i => RoomId.Parse($"room-{i}")).ToArray();
        var epochs = new List<long>();
        foreach (var room in rooms)
        {
            epochs.Add((await _kept.OpenAsync(room, new OpenRequest(0, 1, 0, 0, 0), CancellationToken.None)).Epoch);
        }

        _kept.Hold();
        for (var i = 0; i < 3; i++)
        {
            _store.LaneOf(Id).Tell(Append(rooms[i], epochs[i]), TestActor);
        }

        await Eventually.TrueAsync(() => _kept.Appends == 1);
        _kept.Release();

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(new Position(epochs[i], 1), (await ExpectMsgAsync<GroupCommitWriter.Committed>()).Last);
        }

        Assert.Equal(2, _kept.Appends);
    }

    [Fact]
    public async Task Appends_that_the_store_refuses_are_repeated_until_it_accepts_them()
    {
        var epoch = (await _kept.OpenAsync(Id, new OpenRequest(0, 1, 0, 0, 0), CancellationToken.None)).Epoch;
        _kept.IsAway = true;
        _store.LaneOf(Id).Tell(Append(Id, epoch), TestActor);
        await Eventually.TrueAsync(() => _kept.Appends >= 2);

        _kept.IsAway = false;

        Assert.Equal(new Position(epoch, 1), (await ExpectMsgAsync<GroupCommitWriter.Committed>()).Last);
        Assert.Equal(TimeSpan.Zero, _store.Health.Failing);
    }

    [Fact]
    public async Task A_commit_that_takes_too_long_is_given_up_and_offered_again()
    {
        var epoch = (await _kept.OpenAsync(Id, new OpenRequest(0, 1, 0, 0, 0), CancellationToken.None)).Epoch;
        var lane = Sys.ActorOf(Props.Create<GroupCommitWriter>(new SharedRoomStore(_kept), _store.Health, _time));
        _kept.Hold();
        lane.Tell(Append(Id, epoch), TestActor);
        await Eventually.TrueAsync(() => _kept.Appends == 1);

        _time.Advance(TimeSpan.FromSeconds(10));

        await Eventually.TrueAsync(() => _kept.Appends == 2);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(1), _store.Health.Failing);
        _kept.Release();
        Assert.Equal(new Position(epoch, 1), (await ExpectMsgAsync<GroupCommitWriter.Committed>()).Last);
    }

    private static RoomAppend Append(RoomId room, long epoch) =>
        new(room, epoch, [(new PostId(1), new Comment(1, 1, "a", "b", CommentStyle.Default, null))]);

    private async Task<IActorRef> OpenAsync(RoomLimits? limits = null)
    {
        var room = Start(limits: limits);
        room.Tell(new ReadHistory(Id, Position.None, 0), TestActor);
        await ExpectMsgAsync<HistoryPage>();
        return room;
    }

    private async Task StopAsync(IActorRef room)
    {
        Watch(room);
        room.Tell(RoomActor.Stop.Instance);
        await ExpectTerminatedAsync(room);
    }

    private TestActorRef<RoomActor> Start(string name = "first", RoomLimits? limits = null)
    {
        var origin = new OriginContext(
            limits ?? RoomLimits.Default, TimeSpan.FromMinutes(10), new RoomSlots(10), _unsaved, _store, _clock, _publisher, _metrics, _time);
        return ActorOfAsTestActorRef<RoomActor>(Props.Create<RoomActor>(Id.Value, origin), TestActor, name);
    }

    private SubmitPost Submit(int id, string text, bool again = false) => new(
        Id, new Post(new PostId((UInt128)id), "Mei", text, CommentStyle.Default, null, _time.Now + 10_000) { Again = again }, 0);

    private async Task<Slice> PublishedAsync()
    {
        var queue = _publisher.Queue(Id.Partition(ReplicationPublisher.Partitions));
        while (true)
        {
            if (await queue.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)) is Slice slice)
            {
                return slice;
            }
        }
    }

    private static IEnumerable<string> Texts(IEnumerable<Slice> slices) =>
        slices.SelectMany(slice => slice.Decode().Comments).Select(comment => comment.Text);
}
