using Akka.Actor;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Cluster;

[Trait("Category", "cluster")]
public sealed class ClusterTests
{
    [Fact]
    public async Task Viewers_on_every_edge_see_what_all_say_in_one_order()
    {
        await using var cluster = await TestCluster.StartAsync(("origin", "origin"), ("edge-1", "edge"), ("edge-2", "edge"), ("edge-3", "edge"));
        var viewers = new List<TestViewer>();
        foreach (var node in cluster.Nodes.Skip(1))
        {
            viewers.Add(await node.JoinAsync("lobby", WireFormat.Plain));
            viewers.Add(await node.JoinAsync("lobby", WireFormat.Json));
        }

        await Eventually.TrueAsync(() => viewers.All(viewer => viewer.Format == WireFormat.Plain || viewer.Outbox.OfType("welcome").Count == 1), TimeSpan.FromSeconds(20));
        for (var i = 0; i < 40; i++)
        {
            viewers[i % viewers.Count].Post($"danmaku {i}");
        }

        await Eventually.TrueAsync(() => viewers.All(viewer => viewer.Seen.Count >= 40), TimeSpan.FromSeconds(20));
        var order = viewers[0].Seen;
        Assert.Equal(40, order.Distinct().Count());
        Assert.All(viewers, viewer => Assert.Equal(order, viewer.Seen));
    }

    [Fact]
    public async Task A_viewer_that_joins_an_opened_room_gets_all_danmaku_from_then_on()
    {
        await using var cluster = await TestCluster.StartAsync(("origin", "origin"), ("edge-1", "edge"), ("edge-2", "edge"));
        for (var i = 0; i < 10; i++)
        {
            var room = RoomId.Parse($"cold-{i}");
            await cluster["edge-1"].Rooms.OpenAsync(room, CancellationToken.None);
            var listener = await cluster["edge-1"].JoinAsync(room.Value, WireFormat.Plain);
            await cluster["edge-2"].Rooms.PostAsync(room, TestViewer.NewPost("first"), 0, CancellationToken.None);

            await Eventually.TrueAsync(() => listener.Seen.SequenceEqual(["first"]));
        }
    }

    [Fact]
    public async Task Every_node_knows_where_viewers_reach_an_edge_and_at_once_when_it_begins_to_drain()
    {
        await using var cluster = await TestCluster.StartAsync(("origin", "origin"));
        var edge = await cluster.AddAsync("edge-1", "edge", settings => settings with { PublicUrl = new Uri("https://edge-1.example/") });
        await cluster.ReadyAsync();
        var origin = cluster["origin"].Rooms;
        await Eventually.TrueAsync(() => Find("edge-1") is { TakesViewers: true, PublicUrl.AbsoluteUri: "https://edge-1.example/" });
        Assert.True(Find("origin") is { TakesViewers: false, PublicUrl: null });

        edge.Rooms.AnnounceDrain();

        // Sooner than the next status would be due.
        await Eventually.TrueAsync(() => Find("edge-1") is { TakesViewers: false, Status: "Up" }, TimeSpan.FromSeconds(1));

        ClusterMember? Find(string name) => origin.Status.Members.SingleOrDefault(member => member.Name == name);
    }

    [Fact]
    public async Task A_post_sent_to_an_origin_without_the_room_is_answered()
    {
        await using var cluster = await TestCluster.StartAsync(("origin-1", "origin"), ("origin-2", "origin"), ("edge", "edge"));
        using var edge = Inbox.Create(cluster["edge"].System);
        var room = RoomId.Parse("lobby");
        var positions = new List<Position>();

        foreach (var origin in new[] { "origin-1", "origin-2" })
        {
            var address = ((ExtendedActorSystem)cluster[origin].System).Provider.DefaultAddress;
            var post = new RoomProtocol.SubmitPost(room, TestViewer.NewPost($"by {origin}"), 0, Ticket: 7);
            PostIngress.On(address, cluster["edge"].System).Tell(new PostProtocol.SubmitPosts([post]), edge.Receiver);
            var answers = Assert.IsType<PostProtocol.PostAnswers>(await edge.ReceiveAsync(TimeSpan.FromSeconds(20)));
            var answer = Assert.Single(answers.Answers);
            Assert.Equal((post.Post.Id, 7, null), (answer.Id, answer.Ticket, answer.Reason));
            positions.Add(answer.Position);
        }

        Assert.Equal([1, 2], positions.Select(position => position.Offset));
        Assert.Single(positions.Select(position => position.Epoch).Distinct());
    }

    [Fact]
    public async Task One_process_with_both_roles_is_a_cluster()
    {
        await using var cluster = await TestCluster.StartAsync(("all", "origin,edge"));
        var viewer = await cluster["all"].JoinAsync("lobby", WireFormat.Json);

        viewer.Post("hello");
        var answer = await cluster["all"].Rooms.PostAsync(RoomId.Parse("lobby"), TestViewer.NewPost("from a server"), 0, CancellationToken.None);

        Assert.Equal(PostState.Saved, Assert.IsType<PostResult.Accepted>(answer).State);
        await Eventually.TrueAsync(() => viewer.Seen.Count == 2, TimeSpan.FromSeconds(10));
        Assert.Single(cluster["all"].Rooms.Status.Members, member => member.Name == "all" && member.Roles.SequenceEqual(["edge", "origin"]));
    }

    /// <remarks>The shortest of three: a busy machine may take its time once, what was wrong took a second each time.</remarks>
    [Fact]
    public async Task A_node_that_is_alone_waits_for_nobody_when_it_stops()
    {
        var shortest = TimeSpan.MaxValue;
        for (var i = 0; i < 3; i++)
        {
            var cluster = await TestCluster.StartAsync(("all", "origin,edge"));
            var start = TimeProvider.System.GetTimestamp();
            await cluster.DisposeAsync();
            var took = TimeProvider.System.GetElapsedTime(start);
            shortest = took < shortest ? took : shortest;
        }

        Assert.InRange(shortest, TimeSpan.Zero, TimeSpan.FromMilliseconds(700));
    }
}
