using Danmaku.Actors.Tests.Cluster;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Purging;

[Trait("Category", "cluster")]
public sealed class PurgeTests
{
    private static readonly RoomId Lobby = RoomId.Parse("lobby");
    private static readonly PurgeOrder Room = new PurgeOrder.Room(Lobby);

    [Fact]
    public async Task A_purge_at_any_node_reaches_all_edges_and_gives_the_room_a_new_revision()
    {
        await using var cluster = await TestCluster.StartAsync(("origin", "origin"), ("edge-1", "edge"), ("edge-2", "edge"), ("both", "origin,edge"));
        await cluster.Store.OpenAsync(Lobby, new OpenRequest(0, 1, 0, 0, 0), default);

        for (var i = 0; i < cluster.Nodes.Count; i++)
        {
            var told = Assert.IsType<PurgeResult.Told>(await cluster.Nodes[i].Purger.PurgeAsync(Room, default));

            Assert.Equal(i + 1, told.Revision);
            Assert.Equal(["both", "edge-1", "edge-2"], told.Nodes.Select(node => node.Name));
            Assert.All(told.Nodes, node => Assert.Equal(1, node.Entries));
            Assert.Empty(told.Missing);
            Assert.All(cluster.Nodes.Where(node => node.Name != "origin"), node => Assert.True(node.Cache.Orders.Count(order => order == Room) > i));
        }

        Assert.Equal(cluster.Nodes.Count, (await cluster.Store.ExtentAsync(Lobby, default))!.Revisions[^1].Number);
    }

    [Fact]
    public async Task While_the_store_is_away_a_url_is_purged_and_a_room_is_not()
    {
        await using var cluster = await TestCluster.StartAsync(("origin", "origin"), ("edge", "edge"));
        var url = new PurgeOrder.Url("/favicon.svg");
        cluster.Store.IsAway = true;

        var room = await cluster["edge"].Purger.PurgeAsync(Room, default);
        var told = await cluster["edge"].Purger.PurgeAsync(url, default);

        Assert.IsType<PurgeResult.Unavailable>(room);
        Assert.Equal("edge", Assert.Single(Assert.IsType<PurgeResult.Told>(told).Nodes).Name);
        Assert.All(cluster["edge"].Cache.Orders, order => Assert.Equal(url, order));
        Assert.NotEmpty(cluster["edge"].Cache.Orders);
    }

    [Fact]
    public async Task An_edge_that_does_not_answer_is_named()
    {
        await using var cluster = await TestCluster.StartAsync(("both", "origin,edge"), ("silent", "edge"));
        cluster["silent"].System.Stop(await cluster["silent"].System.ActorSelection("/user/purges").ResolveOne(TimeSpan.FromSeconds(5)));
        await Eventually.TrueAsync(() => cluster["both"].Rooms.Status.Members.Any(member => member.Name == "silent"), TimeSpan.FromSeconds(20));

        var told = Assert.IsType<PurgeResult.Told>(await cluster["both"].Purger.PurgeAsync(new PurgeOrder.Url("/"), default));

        Assert.Equal(["both"], told.Nodes.Select(node => node.Name));
        Assert.Equal(["silent"], told.Missing);
    }
}
