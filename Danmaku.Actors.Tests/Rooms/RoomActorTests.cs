using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Storage;
using Danmaku.Actors.Tests.Clocks;
using Danmaku.Actors.Tests.Storage;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Rooms;

public sealed class RoomActorTests : TestKit
{
    private static readonly RoomId Id = RoomId.Parse("lobby");

    private readonly ManualTimeProvider _time = new();
    private readonly DanmakuMetrics _metrics = new();
    private readonly ReplicationPublisher _publisher;
    private readonly RoomSlots _slots = new(1);
    private readonly TestStore _kept = new();
    private readonly OriginStore _store;
    private readonly TestActorRef<RoomActor> _room;

    public RoomActorTests()
    {
        _publisher = new ReplicationPublisher(_metrics, _time);
        var health = new StoreHealth(_metrics, _time, NullLogger<StoreHealth>.Instance);
        _store = new OriginStore(_kept, [Sys.ActorOf(Props.Create<GroupCommitWriter>(_kept, health, TimeProvider.System))], health, _time);
        _room = Open("lobby");
    }

    [Fact]
    public async Task An_accepted_post_is_numbered_acknowledged_and_published()
    {
        _room.Tell(Submit(1, "hello"), TestActor);

        var answer = await ExpectMsgAsync<PostAnswer>();
        var slice = (Slice)await Published();
        Assert.Equal((new PostId(1), 1, null), (answer.Id, answer.Position.Offset, answer.Reason));
        Assert.Equal((answer.Position, "hello"), (slice.Decode().First, slice.Decode().Comments[0].Text));
    }

    [Fact]
    public async Task A_repeated_post_gets_the_same_answer_and_is_published_once()
    {
        _room.Tell(Submit(1, "hello"), TestActor);
        var first = await ExpectMsgAsync<PostAnswer>();
        _room.Tell(Submit(1, "hello"), TestActor);
        var second = await ExpectMsgAsync<PostAnswer>();
        _room.Tell(Submit(2, "marker"), TestActor);
        await ExpectMsgAsync<PostAnswer>();

        Assert.Equal(first with { IsRepeat = true }, second);
        Assert.Equal(["hello", "marker"], [Text(await Published()), Text(await Published())]);
    }

    [Fact]
    public async Task A_post_after_its_deadline_is_refused_and_takes_no_offset()
    {
        var late = Submit(1, "late");
        _time.Advance(TimeSpan.FromSeconds(11));

        _room.Tell(late, TestActor);
        var refused = await ExpectMsgAsync<PostAnswer>();
        _room.Tell(Submit(2, "in time"), TestActor);
        var accepted = await ExpectMsgAsync<PostAnswer>();

        Assert.Equal(RejectReason.Expired, refused.Reason);
        Assert.Equal(1, accepted.Position.Offset);
    }

    [Fact]
    public async Task An_edge_that_attaches_gets_the_head_and_what_it_misses()
    {
        for (var i = 1; i <= 5; i++)
        {
            _room.Tell(Submit(i, $"{i}"), TestActor);
            await ExpectMsgAsync<PostAnswer>();
        }

        _room.Tell(new AttachEdge(Id, Position.None, 3), TestActor);
        var first = await ExpectMsgAsync<Attached>();
        _room.Tell(new AttachEdge(Id, first.Head.Top with { Offset = 3 }, 3), TestActor);
        var rest = await ExpectMsgAsync<Attached>();

        Assert.Equal(["1", "2", "3", "4", "5"], Texts(first.Page));
        Assert.Equal(["4", "5"], Texts(rest.Page));
        Assert.Equal((5, 3), (rest.Head.Top.Offset, rest.Viewers));
    }

    [Fact]
    public async Task A_missing_range_is_given_in_pages()
    {
        for (var i = 1; i <= 5; i++)
        {
            _room.Tell(Submit(i, $"{i}"), TestActor);
        }

        var epoch = (await ExpectMsgAsync<PostAnswer>()).Position.Epoch;
        for (var i = 2; i <= 5; i++)
        {
            await ExpectMsgAsync<PostAnswer>();
        }

        _room.Tell(new FetchRange(Id, new MissingRange(epoch, 2, 4)), TestActor);

        Assert.Equal(["2", "3", "4"], Texts((await ExpectMsgAsync<Attached>()).Page));
    }

    [Fact]
    public async Task An_unknown_history_is_gone_and_epochs_keep_growing()
    {
        var stranger = new Position(ManualTimeProvider.Start.ToUnixTimeMilliseconds() + 1_000_000, 40);

        _room.Tell(new AttachEdge(Id, stranger, 1), TestActor);
        var gone = await ExpectMsgAsync<RangeGone>();

        Assert.Equal(stranger, gone.Have);
        Assert.True(gone.Head.Top.Epoch > stranger.Epoch);
    }

    [Fact]
    public async Task The_head_is_announced_while_the_room_is_active()
    {
        _room.Tell(Submit(1, "hello"), TestActor);
        await ExpectMsgAsync<PostAnswer>();
        await Published();

        _room.Tell(RoomSignals.Announce.Instance);

        Assert.Equal(1, Assert.IsType<HeadNote>(await Published()).Head.Top.Offset);
    }

    [Fact]
    public async Task Viewers_are_counted_over_all_edges()
    {
        var other = CreateTestProbe();
        _room.Tell(new AttachEdge(Id, Position.None, 3), TestActor);
        await ExpectMsgAsync<Attached>();
        _room.Tell(new AttachEdge(Id, Position.None, 4), other);
        await other.ExpectMsgAsync<Attached>();
        _room.Tell(new EdgeViewers(Id, 5), TestActor);

        _room.Tell(RoomSignals.Announce.Instance);
        var both = (HeadNote)await Published();
        other.Ref.Tell(PoisonPill.Instance);
        await Eventually.TrueAsync(async () =>
        {
            _room.Tell(RoomSignals.Announce.Instance);
            return ((HeadNote)await Published()).Viewers == 5;
        });

        Assert.Equal(9, both.Viewers);
    }

    [Fact]
    public async Task A_room_without_edges_asks_to_stop_after_its_time()
    {
        _room.Tell(new AttachEdge(Id, Position.None, 1), TestActor);
        await ExpectMsgAsync<Attached>();
        _time.Advance(TimeSpan.FromMinutes(1));
        _room.Tell(RoomSignals.Sweep.Instance);
        _room.Tell(new DetachEdge(Id), TestActor);
        _time.Advance(TimeSpan.FromMinutes(9));
        _room.Tell(RoomSignals.Sweep.Instance);
        _room.Tell(Submit(1, "somebody still posts"), TestActor);
        await ExpectMsgAsync<PostAnswer>();
        _time.Advance(TimeSpan.FromMinutes(9));
        _room.Tell(RoomSignals.Sweep.Instance);
        _room.Tell(new FetchRange(Id, new MissingRange(1, 1, 1)), TestActor);
        await ExpectMsgAsync<RangeGone>();

        _time.Advance(TimeSpan.FromMinutes(1));
        _room.Tell(RoomSignals.Sweep.Instance);

        await ExpectMsgAsync<Passivate>();
    }

    [Fact]
    public async Task An_edge_that_is_silent_for_long_is_not_counted()
    {
        _room.Tell(new AttachEdge(Id, Position.None, 3), TestActor);
        await ExpectMsgAsync<Attached>();
        _time.Advance(TimeSpan.FromSeconds(96));
        _room.Tell(RoomSignals.Sweep.Instance);

        _room.Tell(RoomSignals.Announce.Instance);

        Assert.Equal(0, Assert.IsType<HeadNote>(await Published()).Viewers);
    }

    [Fact]
    public async Task On_a_full_origin_a_room_that_nobody_watches_closes_for_another()
    {
        _room.Tell(Submit(1, "hello"), TestActor);
        await ExpectMsgAsync<PostAnswer>();

        var second = Open("second");
        second.Tell(new AttachEdge(RoomId.Parse("second"), Position.None, 1), TestActor);

        await FishForMessageAsync<Passivate>(_ => true);
        await FishForMessageAsync<Attached>(attached => attached.Room == RoomId.Parse("second"));
    }

    [Fact]
    public async Task An_origin_that_is_full_of_watched_rooms_refuses_another_room()
    {
        _room.Tell(new AttachEdge(Id, Position.None, 1), TestActor);
        await ExpectMsgAsync<Attached>();
        var second = Open("second");

        second.Tell(new AttachEdge(RoomId.Parse("second"), Position.None, 1), TestActor);
        second.Tell(Submit(1, "hello"), TestActor);

        await FishForMessageAsync<RoomRefused>(_ => true);
        var answer = await FishForMessageAsync<PostAnswer>(_ => true);
        Assert.Equal(RejectReason.RoomLimit, answer.Reason);
        Assert.NotNull(answer.RetryAfter);
    }

    [Fact]
    public async Task In_a_full_room_a_client_that_has_posted_little_goes_first()
    {
        var room = Open("second", RoomLimits.Default with { PostsPerSecond = 10 });
        var (much, little) = (new PostTickets().Next(source: 1), new PostTickets().Next(source: 2));
        var id = 100;
        async Task<RejectReason?> PostAsync(long ticket)
        {
            room.Tell(Submit(++id, "x") with { Room = RoomId.Parse("second"), Ticket = ticket }, TestActor);
            return (await FishForMessageAsync<PostAnswer>(answer => answer.Id == new PostId((UInt128)id))).Reason;
        }

        for (var i = 0; i < 400; i++)
        {
            await PostAsync(much);
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        while (await PostAsync(much) is null)
        {
        }

        Assert.Equal(RejectReason.RoomBusy, await PostAsync(much));
        Assert.Null(await PostAsync(little));
    }

    /// <summary>A child of the test, as an entity is a child of its shard.</summary>
    private TestActorRef<RoomActor> Open(string name, RoomLimits? limits = null)
    {
        var origin = new OriginContext(limits ?? RoomLimits.Default, TimeSpan.FromMinutes(10), _slots, new SharedBudget(1000), _store, SomeClock.Of(_time), _publisher, _metrics, _time);
        return ActorOfAsTestActorRef<RoomActor>(Props.Create<RoomActor>(name, origin), TestActor, name);
    }

    private SubmitPost Submit(int id, string text) => new(
        Id, new Post(new PostId((UInt128)id), "Mei", text, CommentStyle.Default, null, _time.Now + 10_000), 0);

    private async Task<IRoomMessage> Published() =>
        await _publisher.Queue(Id.Partition(ReplicationPublisher.Partitions)).ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));

    private static string Text(IRoomMessage slice) => ((Slice)slice).Decode().Comments[0].Text;

    private static IEnumerable<string> Texts(IEnumerable<Slice> slices) =>
        slices.SelectMany(slice => slice.Decode().Comments).Select(comment => comment.Text);
}
