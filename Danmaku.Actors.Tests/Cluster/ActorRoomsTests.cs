using Akka.Actor;
using Akka.TestKit.Xunit2;
using Danmaku.Actors.Cluster;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Storage;
using Danmaku.Actors.Tests.Clocks;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Cluster;

public sealed class ActorRoomsTests() : TestKit("akka.actor.provider = cluster\nakka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }")
{
    private static readonly RoomId Lobby = RoomId.Parse("lobby");

    private readonly ManualTimeProvider _time = new();
    private readonly DanmakuMetrics _metrics = new();

    /// <summary>Operators may ask that early.</summary>
    [Fact]
    public void There_are_no_members_before_the_actor_system_has_started() => Assert.Empty(new RoomsHandle().Status.Members);

    [Fact]
    public async Task A_viewer_whose_join_is_not_answered_is_told_to_come_back_and_does_not_join_later()
    {
        var (outbox, edgeRooms) = (new FakeOutbox(), CreateTestProbe());
        var rooms = RoomsOf(edgeRooms, CreateTestProbe());

        var joining = rooms.JoinAsync(new JoinRequest(Lobby, "Mei", WireFormat.Plain, null, 0), outbox, CancellationToken.None);
        var join = await edgeRooms.ExpectMsgAsync<EdgeRoomManager.Join>();
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Null(await joining);
        Assert.Equal(CloseReason.NoAnswer, outbox.Closed);
        Assert.False(join.Answer.TrySetResult(TestActor));
    }

    [Fact]
    public async Task Posts_over_HTTP_with_one_key_at_the_same_time_hear_each_what_became_of_it()
    {
        var region = CreateTestProbe();
        var rooms = RoomsOf(null, Sys.ActorOf(Props.Create<PostForwarder>(region.Ref, new WireLevel(), _time)));
        var first = rooms.PostAsync(Lobby, NewPost(1), source: 3, CancellationToken.None);
        var one = await region.ExpectMsgAsync<SubmitPost>();
        var second = rooms.PostAsync(Lobby, NewPost(1), source: 3, CancellationToken.None);
        var two = await region.ExpectMsgAsync<SubmitPost>();

        region.Reply(new PostAnswer(Lobby, two.Post.Id, new Position(7, 1), null, null, IsRepeat: true, Ticket: two.Ticket));
        region.Reply(new PostAnswer(Lobby, one.Post.Id, new Position(7, 1), null, null, Ticket: one.Ticket));

        Assert.Equal(new PostResult.Repeated(new Position(7, 1), PostState.Saved), await second);
        Assert.Equal(new PostResult.Accepted(new Position(7, 1), PostState.Saved), await first);
        Assert.Equal([(3, false), (3, false)], new[] { one, two }.Select(post => PostTickets.Read(post.Ticket)));
    }

    [Fact]
    public async Task Posts_over_HTTP_without_an_answer_are_bounded()
    {
        var forwarder = CreateTestProbe();
        var rooms = RoomsOf(null, forwarder, maxPendingPosts: 1);
        var first = rooms.PostAsync(Lobby, NewPost(1), 0, CancellationToken.None);
        await forwarder.ExpectMsgAsync<PostForwarder.Send>();

        var refused = Assert.IsType<PostResult.Rejected>(await rooms.PostAsync(Lobby, NewPost(2), 0, CancellationToken.None));
        forwarder.Reply(new PostAnswer(Lobby, new PostId(1), Position.None, RejectReason.RoomBusy, TimeSpan.FromSeconds(2)));

        Assert.Equal((RejectReason.Unavailable, TimeSpan.FromSeconds(1)), (refused.Reason, refused.RetryAfter));
        Assert.Equal(new PostResult.Rejected(RejectReason.RoomBusy, TimeSpan.FromSeconds(2)), await first);
        _ = rooms.PostAsync(Lobby, NewPost(3), 0, CancellationToken.None);
        Assert.Equal(new PostId(3), (await forwarder.ExpectMsgAsync<PostForwarder.Send>()).Post.Post.Id);
    }

    [Fact]
    public async Task Of_a_post_over_HTTP_that_comes_after_its_deadline_nobody_knows_anything()
    {
        var rooms = RoomsOf(null, CreateTestProbe());

        var result = await rooms.PostAsync(Lobby, NewPost(1) with { Deadline = _time.Now }, 0, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10));

        Assert.IsType<PostResult.Unknown>(result);
    }

    private ActorRooms RoomsOf(IActorRef? edgeRooms, IActorRef forwarder, int maxPendingPosts = 10) => new(
        Sys, edgeRooms, forwarder, new SharedBudget(maxPendingPosts), CreateTestProbe(), new IngressState(), new NodeStatuses(),
        new StoreHealth(_metrics, _time, NullLogger<StoreHealth>.Instance), SomeClock.Of(_time), "edge-1", _metrics, _time);

    private Post NewPost(int id) => new(new PostId((UInt128)id), "Mei", "hi", CommentStyle.Default, null, _time.Now + 20_000);
}
