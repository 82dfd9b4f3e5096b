using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>A room that is on several edges at once.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
public sealed class RoomTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    [Fact]
    public async Task A_late_viewer_gets_the_newest_danmaku_and_then_what_follows()
    {
        await using var early = await Follower.JoinAsync(Edge(1), Room);
        await PostAsync(early, 1, 20);

        await using var late = await Follower.JoinAsync(Edge(2), Room, history: 5);
        await early.PostAndSeeAsync("21");
        await late.SeesAsync("21");

        Assert.Equal(["16", "17", "18", "19", "20", "21"], late.Texts);
        Assert.Empty(late.Surprises);
    }

    [Fact]
    public async Task A_viewer_that_comes_back_to_another_edge_gets_exactly_what_it_missed()
    {
        await using var author = await Follower.JoinAsync(Edge(1), Room);
        await PostAsync(author, 1, 10);
        SeenPosition last;
        await using (var first = await Follower.JoinAsync(Edge(2), Room))
        {
            await first.SeesAsync("10");
            last = first.Position;
        }

        await PostAsync(author, 11, 70);
        await using var again = await Follower.JoinAsync(Edge(3), Room, last, history: 5);
        await PostAsync(author, 71, 75);
        await again.SeesAsync("75");

        Assert.False(again.Welcome.GetProperty("lost").GetBoolean());
        Assert.Equal(Enumerable.Range(11, 65).Select(i => $"{i}"), again.Texts);
        Assert.Empty(again.Surprises);
    }

    [Fact]
    public async Task A_post_over_http_on_one_edge_is_seen_on_all()
    {
        await using var json = await Follower.JoinAsync(Edge(2), Room);
        await using var plain = await Follower.PlainAsync(Edge(3), Room);

        using var response = await Cluster.Edges[0].PostAsync(Room, new { text = "from a server", name = "Bot" });
        await json.SeesAsync("from a server");
        await plain.SeesAsync("from a server");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var position = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("position");
        Assert.Equal(json.Position, new SeenPosition(position.GetProperty("epoch").GetInt64(), position.GetProperty("offset").GetInt64()));
    }

    [Fact]
    public async Task Viewers_are_counted_over_all_edges()
    {
        await using var first = await Follower.JoinAsync(Edge(1), Room);
        await using var second = await Follower.PlainAsync(Edge(2), Room);
        await using (var third = await Follower.JoinAsync(Edge(3), Room))
        {
            await Task.WhenAll(first.CountsAsync(3), third.CountsAsync(3));
        }

        await first.CountsAsync(2);
    }

    [Fact]
    public async Task Viewers_of_another_room_see_nothing_of_it()
    {
        await using var here = await Follower.JoinAsync(Edge(1), Room);
        await using var there = await Follower.JoinAsync(Edge(2), Room + "-next-door");

        await here.PostAndSeeAsync("for here");
        await there.PostAndSeeAsync("for there");

        Assert.Equal(["for there"], there.Texts);
        Assert.Equal(["for here"], here.Texts);
    }

    [Fact]
    public async Task Every_edge_tells_who_belongs_to_the_cluster_and_how_many_viewers_each_has()
    {
        await Cluster.ReadyAsync();
        await using var first = await Follower.JoinAsync(Edge(1), Room);
        await using var second = await Follower.JoinAsync(Edge(1), Room);
        await using var third = await Follower.JoinAsync(Edge(2), Room);
        (string Name, string Role, long Viewers)[] expected =
            [("edge-1", "edge", 2), ("edge-2", "edge", 1), ("edge-3", "edge", 0), ("origin", "origin", 0)];

        foreach (var edge in Cluster.Edges)
        {
            ClusterView view = null!;
            await Eventually.TrueAsync(async () =>
            {
                view = await edge.GetClusterAsync();
                return Counts(view).SequenceEqual(expected);
            });

            Assert.Equal(edge.Name, view.Node);
            Assert.All(view.Members, member => Assert.Equal("Up", member.Status));
            Assert.All(view.Members, member => Assert.Null(member.Address));
        }
    }

    private static IEnumerable<(string Name, string Role, long Viewers)> Counts(ClusterView view) =>
        view.Members.Select(member => (member.Name, string.Join(',', member.Roles), member.Viewers)).Order();

    private static async Task PostAsync(Follower author, int from, int through)
    {
        for (var i = from; i < through; i++)
        {
            await author.PostAsync($"{i}");
        }

        await author.PostAndSeeAsync($"{through}");
    }
}
