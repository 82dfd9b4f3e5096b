namespace Danmaku.Node.Tests.Processes;

/// <summary>One order for everybody, wherever they are.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
public sealed class OrderingTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    private const int Rounds = 2;

    /// <summary>
    /// Both rounds together fewer than may be without an answer (<c>Danmaku:Connection:MaxPendingPosts</c>): a plain-text viewer sees that a
    /// round is over, and not whether its posts have been answered, which may be later.
    /// </summary>
    private const int PerRound = 30;

    [Fact]
    public async Task Viewers_on_all_edges_see_the_same_sequence_while_all_of_them_post()
    {
        await using var crowd = new Crowd();
        for (var edge = 1; edge <= 3; edge++)
        {
            crowd.Add(await Follower.JoinAsync(Edge(edge), Room), await Follower.PlainAsync(Edge(edge), Room));
        }

        await crowd.Json[0].PostAndSeeAsync("begin");
        await Task.WhenAll(crowd.All.Select((viewer, i) => PostManyAsync(viewer, $"viewer {i}")));
        await crowd.Json[0].PostAndSeeAsync("end");
        await Task.WhenAll(crowd.All.Select(viewer => viewer.SeesAsync("end")));

        var (sequence, first) = SinceBegin(crowd.Json[0]);
        var posted = crowd.All.SelectMany(viewer => viewer.Posts).Select(post => post.Text).Where(text => !Follower.IsHello(text));
        var positions = sequence.Select((_, i) => first with { Offset = first.Offset + i });
        Assert.Equal(posted.Order(), sequence.Order());
        Assert.All(crowd.All, viewer => Assert.Equal(sequence, SinceBegin(viewer).Texts));
        Assert.All(crowd.Json, viewer => Assert.Equal(positions, viewer.Seen.TakeLast(sequence.Count).Select(seen => seen.Position)));
        Assert.All(crowd.All, viewer => Assert.Empty(viewer.Surprises));
    }

    [Fact]
    public async Task An_acknowledgement_names_the_position_at_which_everybody_sees_the_danmaku()
    {
        await using var author = await Follower.JoinAsync(Edge(1), Room);
        await using var other = await Follower.JoinAsync(Edge(2), Room);

        await Task.WhenAll(PostManyAsync(author, "author"), PostManyAsync(other, "other"));
        await author.PostAndSeeAsync("end");
        await other.SeesAsync("end");

        foreach (var viewer in (Follower[])[author, other])
        {
            var positions = viewer.Seen.ToDictionary(seen => seen.Text, seen => seen.Position);
            Assert.All(author.Posts, post => Assert.Equal(author.Acks[post.Id], positions[post.Text]));
            Assert.All(other.Posts, post => Assert.Equal(other.Acks[post.Id], positions[post.Text]));
        }
    }

    private static async Task PostManyAsync(Follower viewer, string name)
    {
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 1; i < PerRound; i++)
            {
                await viewer.PostAsync($"{name}, {round}.{i}");
            }

            await viewer.PostAndSeeAsync($"{name}, round {round} is over");
        }
    }

    private static (IReadOnlyList<string> Texts, SeenPosition First) SinceBegin(Follower viewer)
    {
        var since = viewer.Seen.SkipWhile(seen => seen.Text != "begin").ToArray();
        return ([.. since.Select(seen => seen.Text)], since[0].Position);
    }

    /// <summary>Viewers of both formats.</summary>
    private sealed class Crowd : IAsyncDisposable
    {
        public List<Follower> Json { get; } = [];

        public List<Follower> All { get; } = [];

        public void Add(Follower json, Follower plain)
        {
            Json.Add(json);
            All.AddRange([json, plain]);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var viewer in All)
            {
                await viewer.DisposeAsync();
            }
        }
    }
}
