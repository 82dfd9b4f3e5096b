using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>A cluster whose only origin dies, or most of whose edges do.</summary>
[Collection(Lanes.Failover)]
[Trait("Category", "process")]
public sealed class LoneOriginTests
{
    private const string Room = "lobby";

    [Fact]
    public async Task The_origin_outlives_most_of_its_edges_and_an_edge_waits_for_its_origin_but_not_for_ever()
    {
        await using var fleet = await Fleet.StartAsync(1, [], ["Danmaku:Cluster:OrphanAfter=00:00:05"], []);
        var (origin, edge) = (fleet["origin-1"], fleet["edge-1"]);
        await using var viewer = await Follower.JoinAsync(edge.Url, Room);

        fleet["edge-2"].Kill();
        fleet["edge-3"].Kill();
        await Fleet.OnlyAsync([origin, edge], [origin, edge]);
        await viewer.PostAndSeeAsync("two edges have gone");
        fleet.Start("edge-2");
        await fleet.ReadyAsync();
        await using var impatient = await Follower.JoinAsync(fleet["edge-2"].Url, Room);

        origin.Kill();
        var code = await fleet["edge-2"].EndAsync();
        await impatient.Ended.WaitAsync(Eventually.DefaultDeadline);
        fleet.Start("origin-1", "edge-2");
        await fleet.ReadyAsync();
        await using var again = await Follower.JoinAsync(fleet["edge-2"].Url, Room);
        await viewer.PostAndSeeAsync("the origin is back");
        await again.SeesAsync("the origin is back");

        Assert.Equal(255, code);
        Assert.Equal(["two edges have gone", "the origin is back"], viewer.Texts);
        Assert.False(viewer.Ended.IsCompleted);
    }
}
