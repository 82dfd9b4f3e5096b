using System.Net;
using Danmaku.Actors.Tests.Cluster;
using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Identities;

[Trait("Category", "cluster")]
public sealed class DeploymentKeyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly ClientNetwork Somebody = ClientNetwork.Of(IPAddress.Parse("192.0.2.1"), 64);

    [Fact]
    public async Task Every_node_knows_people_by_the_same_key_which_the_store_keeps()
    {
        await using var cluster = await TestCluster.StartAsync(("origin", "origin"), ("edge", "edge"), ("both", "origin,edge"));
        await Eventually.TrueAsync(() => cluster.Nodes.All(node => node.Key.Key is not null), Patience, "all know it");

        var users = cluster.Nodes.Select(node => node.Key.Key!.UserOf(Somebody)).Distinct();

        var stored = new DeploymentKey((await cluster.Store.SecretAsync(DeploymentKey.Name, default)).Span);
        Assert.Equal(stored.UserOf(Somebody), Assert.Single(users));
    }

    [Fact]
    public async Task While_the_store_is_away_people_come_in_without_it_and_it_is_found_later()
    {
        await using var cluster = await TestCluster.StartAsync(("both", "origin,edge"), ("edge", "edge"));
        await Eventually.TrueAsync(() => cluster.Nodes.All(node => node.Key.Key is not null), Patience, "all know it");
        cluster.Store.IsAway = true;
        var late = new DeploymentKeyHandle();
        var actor = cluster["both"].System.ActorOf(
            Akka.Actor.Props.Create(() => new Danmaku.Actors.Identities.DeploymentKeyActor(late, cluster.Store)));

        var viewer = await cluster["edge"].JoinAsync("lobby", WireFormat.Json);
        Assert.NotNull(viewer.Viewer);
        Assert.Null(late.Key);
        cluster.Store.IsAway = false;

        await Eventually.TrueAsync(() => late.Key is not null, Patience, "it is read again");
        Assert.Equal(cluster["both"].Key.Key!.Server, late.Key!.Server);
        cluster["both"].System.Stop(actor);
    }

    [Fact]
    public async Task What_a_viewer_is_to_keep_stands_in_its_welcome()
    {
        await using var cluster = await TestCluster.StartAsync(("both", "origin,edge"));
        var outbox = new FakeOutbox();

        await cluster["both"].Rooms.JoinAsync(new JoinRequest(RoomId.Parse("lobby"), "Mei", WireFormat.Json, null, 0) { ToKeep = "a1.x" }, outbox, default);

        await Eventually.TrueAsync(() => outbox.OfType("welcome").Any(), Patience, "it is welcome");
        Assert.Equal("a1.x", outbox.OfType("welcome").Single().GetProperty("identity").GetString());
    }
}
