using System.Diagnostics;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Edges that are told to stop while viewers are connected.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
public sealed class DrainTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    /// <summary>Enough to be spread over more than half a second.</summary>
    private const int Many = 120;

    [Fact]
    public async Task Viewers_of_an_edge_that_stops_are_sent_elsewhere_one_after_the_other_and_miss_nothing()
    {
        var doomed = await Cluster.AddEdgeAsync();
        await using var author = await Follower.JoinAsync(Edge(1), Room);
        await using var plain = await Follower.PlainAsync(doomed.Url, Room);
        var viewers = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => Follower.JoinAsync(doomed.Url, Room, history: 0)));
        using var stuck = await RawClient.UpgradeAsync(doomed.Url, "/echo");
        using var enough = new CancellationTokenSource();
        var posting = author.PostUntilAsync(enough.Token);
        await Task.WhenAll(viewers.Append(plain).Select(viewer => viewer.SeesAsync("3")));

        var stopping = doomed.StopAsync();
        var clock = Stopwatch.StartNew();
        var moved = await Task.WhenAll(viewers.Select(async viewer =>
        {
            await viewer.Ended;
            var at = clock.Elapsed;
            return (Again: await Follower.JoinAsync(new Uri(Assert.Single(viewer.Moves)!), Room, viewer.Position), At: at);
        }));
        await plain.Ended;

        // The stuck one does not answer, so this is still the drain. A second signal changes nothing.
        Assert.Equal(1012, (await stuck.ReadCloseAsync()).Code);
        var hurrying = doomed.StopAsync();
        await StillDrainsAsync(doomed);
        Assert.All(await Task.WhenAll(stopping, hurrying), code => Assert.Equal(0, code));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(25), $"it took {clock.Elapsed}");
        await Cluster.ReadyAsync();

        await enough.CancelAsync();
        await posting;
        var posts = author.Posts.Select(post => post.Text).ToArray();
        await Task.WhenAll(moved.Select(each => each.Again.SeesAsync(posts[^1])));
        Assert.All(viewers.Zip(moved), pair => Assert.Equal(posts, Own(pair.First).Concat(Own(pair.Second.Again))));
        Assert.All(moved, each => Assert.False(each.Again.Welcome.GetProperty("lost").GetBoolean()));
        Assert.All(viewers.Concat(moved.Select(each => each.Again)), each => Assert.Empty(each.Surprises));
        Assert.All(viewers.Append(plain), each => Assert.Equal((1012, "restarting"), each.Close));
        Assert.Equal(posts.Take(Own(plain).Count()), Own(plain));
        Assert.Equal(
            Cluster.Edges.Select(edge => $"ws://{edge.Url.Authority}/ws/{Room}").Order(), viewers.SelectMany(viewer => viewer.Moves).Distinct().Order());
        var times = moved.Select(each => each.At).Order().ToArray();
        Assert.True(times[Many * 9 / 10] - times[Many / 10] > TimeSpan.FromSeconds(0.25), $"they left between {times[0]} and {times[^1]}");
        await Task.WhenAll(viewers.Concat(moved.Select(each => each.Again)).Select(each => each.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task Edges_that_stop_together_do_not_send_their_viewers_to_each_other()
    {
        var doomed = await Cluster.AddEdgesAsync([], []);
        var viewers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(i => Follower.JoinAsync(doomed[i % 2].Url, Room)));

        var codes = await Task.WhenAll(doomed[0].StopAsync(), doomed[1].InterruptAsync());
        await Task.WhenAll(viewers.Select(viewer => viewer.Ended));

        Assert.Equal([0, 0], codes);
        Assert.Subset(
            Cluster.Edges.Select(edge => edge.Url.Authority).ToHashSet(),
            viewers.Select(viewer => new Uri(Assert.Single(viewer.Moves)!).Authority).ToHashSet());
        await Task.WhenAll(viewers.Select(viewer => viewer.DisposeAsync().AsTask()));
        await Cluster.ReadyAsync();
    }

    /// <summary>It lets nobody in and says so, and has not left the cluster.</summary>
    private async Task StillDrainsAsync(NodeProcess edge)
    {
        using var late = await RawClient.ConnectAsync(edge.Url);
        Assert.Equal(503, await late.RequestAsync($"/ws/{Room}", RawClient.Upgrade));
        Assert.Contains("retry-after", late.Headers);
        Assert.False(await edge.IsReadyAsync());
        var member = Assert.Single((await Cluster.Edges[0].GetClusterAsync()).Members, member => member.Name == edge.Name);
        Assert.Equal(("Up", false), (member.Status, member.TakesViewers));
    }

    /// <summary>What the author said.</summary>
    private static IEnumerable<string> Own(Follower viewer) => viewer.Texts.Where(text => !Follower.IsHello(text));
}
