using Akka.TestKit.Xunit2;
using Danmaku.Actors.Cluster;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Storage;
using Danmaku.Actors.Tests.Clocks;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Danmaku.Actors.Tests.Cluster;

public sealed class ActorRoomsTests() : TestKit("akka.actor.provider = cluster\nakka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }")
{
    /// <summary>Operators may ask that early.</summary>
    [Fact]
    public void There_are_no_members_before_the_actor_system_has_started() => Assert.Empty(new RoomsHandle().Status.Members);

    [Fact]
    public async Task A_viewer_whose_join_is_not_answered_is_told_to_come_back_and_does_not_join_later()
    {
        var (time, outbox, edgeRooms) = (new ManualTimeProvider(), new FakeOutbox(), CreateTestProbe());
        using var metrics = new DanmakuMetrics();
        var rooms = new ActorRooms(
            Sys, edgeRooms, CreateTestProbe(), CreateTestProbe(), new IngressState(), new NodeStatuses(),
            new StoreHealth(metrics, time, NullLogger<StoreHealth>.Instance), SomeClock.Of(time), "edge-1", metrics, time);

        var joining = rooms.JoinAsync(new JoinRequest(RoomId.Parse("lobby"), "Mei", WireFormat.Plain, null, 0), outbox, CancellationToken.None);
        var join = await edgeRooms.ExpectMsgAsync<EdgeRoomManager.Join>();
        time.Advance(TimeSpan.FromSeconds(10));

        Assert.Null(await joining);
        Assert.Equal(CloseReason.NoAnswer, outbox.Closed);
        Assert.False(join.Answer.TrySetResult(TestActor));
    }
}
