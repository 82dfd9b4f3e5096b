using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Edges that come and go while the cluster runs.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
public sealed class EdgeLossTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    [Fact]
    public async Task Viewers_of_a_killed_edge_go_on_elsewhere_and_no_other_viewer_notices()
    {
        var doomed = await Cluster.AddEdgeAsync();
        await using var author = await Follower.JoinAsync(Edge(1), Room);
        await using var bystander = await Follower.JoinAsync(Edge(2), Room);
        await using var plain = await Follower.PlainAsync(doomed.Url, Room);
        await using var viewer = await Follower.JoinAsync(doomed.Url, Room);
        using var enough = new CancellationTokenSource();
        var posting = author.PostUntilAsync(enough.Token);
        await viewer.SeesAsync("20");

        doomed.Kill();
        await Task.WhenAll(viewer.Ended, plain.Ended).WaitAsync(Eventually.DefaultDeadline);
        await using var again = await Follower.JoinAsync(Edge(3), Room, viewer.Position);
        var target = author.Posts[^1].Text;
        await Eventually.TrueAsync(() => author.Posts[^1].Text != target);
        await enough.CancelAsync();
        await posting;
        var last = author.Posts[^1].Text;
        await Task.WhenAll(again.SeesAsync(last), bystander.SeesAsync(last));

        var posts = author.Posts.Select(post => post.Text).ToArray();
        Assert.Equal(posts, Own(viewer).Concat(Own(again)));
        Assert.Equal(posts, Own(bystander));
        Assert.False(again.Welcome.GetProperty("lost").GetBoolean());
        Assert.All([author, bystander, again], each => Assert.Empty(each.Surprises));
        Assert.Equal(posts.Length, author.Acks.Count);
        await Cluster.ReadyAsync();
    }

    [Fact]
    public async Task An_edge_that_is_stopped_says_goodbye_and_leaves()
    {
        var edge = await Cluster.AddEdgeAsync();
        await using var author = await Follower.JoinAsync(Edge(1), Room);
        await using var viewer = await Follower.JoinAsync(edge.Url, Room);
        await author.PostAndSeeAsync("before");
        await viewer.SeesAsync("before");

        var code = await edge.StopAsync();
        await viewer.Ended;
        await author.PostAndSeeAsync("after");
        await using var again = await Follower.JoinAsync(Edge(2), Room, viewer.Position);
        await again.SeesAsync("after");

        Assert.Equal(0, code);
        Assert.Equal((1012, "restarting"), viewer.Close);
        Assert.Equal(["after"], again.Texts);
        Assert.Empty(again.Surprises);
        await Cluster.ReadyAsync();
    }

    /// <summary>What the author said.</summary>
    private static IEnumerable<string> Own(Follower viewer) => viewer.Texts.Where(text => !Follower.IsHello(text));
}
