using Danmaku.Core.Drain;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Drain;

public class MoveTargetsTests
{
    private readonly MoveTargets _targets = new(new Random(1).NextDouble);

    [Fact]
    public void Viewers_are_sent_only_to_other_edges_that_accept_viewers_and_have_an_address()
    {
        var cluster = Cluster(
            Edge("self", 0), Edge("silent", 0) with { PublicUrl = null }, Edge("draining", 0) with { TakesViewers = false }, Edge("good", 900));

        Assert.All(Send(cluster, 50), to => Assert.Equal("https://good.test/", to));
    }

    [Fact]
    public void Without_such_an_edge_no_target_is_named() => Assert.Null(_targets.Next(Cluster(Edge("self", 0))));

    [Fact]
    public void Equal_edges_get_equal_shares()
    {
        var sent = Send(Cluster(Edge("self", 500), Edge("a", 10), Edge("b", 10), Edge("c", 10)), 300).CountBy(to => to);

        Assert.Equal(3, sent.Count());
        Assert.All(sent, each => Assert.InRange(each.Value, 95, 105));
    }

    [Fact]
    public void An_edge_with_fewer_viewers_gets_more_and_not_all()
    {
        var sent = Send(Cluster(Edge("self", 500), Edge("empty", 0), Edge("full", 1000)), 200).CountBy(to => to).ToDictionary();

        Assert.InRange(sent["https://empty.test/"], 130, 170);
        Assert.Equal(200, sent.Values.Sum());
    }

    private List<string> Send(ClusterStatus cluster, int viewers) =>
        [.. Enumerable.Range(0, viewers).Select(_ => _targets.Next(cluster)?.AbsoluteUri ?? "anywhere")];

    private static ClusterStatus Cluster(params ClusterMember[] members) => new("self", members);

    private static ClusterMember Edge(string name, long viewers) =>
        new(name, "", ["edge"], "Up", 0, viewers) { PublicUrl = new Uri($"https://{name}.test/"), TakesViewers = true };
}
