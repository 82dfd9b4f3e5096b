using Akka.Actor;
using Akka.Configuration;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Tests.Cluster;
using Danmaku.Core.Clocks;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Xunit;
using static Danmaku.Actors.Clocks.ClockProtocol;
using static Danmaku.Actors.Posts.PostProtocol;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Serialization;

/// <summary>Somebody who is no member of the cluster reaches a node's remoting port.</summary>
[Trait("Category", "cluster")]
public sealed class HostilePeerTests
{
    private const string Remoting = """
        akka.loglevel = OFF
        akka.stdout-loglevel = OFF
        akka.actor.provider = remote
        akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
        """;

    /// <summary>Speaks as nodes do.</summary>
    private const string Wire = """
        akka.actor.serializers.danmaku = "Danmaku.Actors.Serialization.WireSerializer, Danmaku.Actors"
        akka.actor.serialization-identifiers."Danmaku.Actors.Serialization.WireSerializer, Danmaku.Actors" = 1712
        akka.actor.serialization-bindings."Danmaku.Actors.Rooms.IWireMessage, Danmaku.Actors" = danmaku
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly RoomId Room = RoomId.Parse("lobby");
    private static readonly string[] Told = ["clock", "rooms/lobby.1", "/system/sharding/room"];

    [Fact]
    public async Task An_origin_refuses_or_cleans_posts_that_no_edge_would_forward()
    {
        await using var cluster = await TestCluster.StartAsync(("node", "origin,edge"));
        var viewer = await cluster["node"].JoinAsync("lobby", WireFormat.Json);
        using var outside = Outside();
        var listener = outside.ActorOf(Props.Create<Listener>());
        SubmitPost[] posts =
        [
            Post("turned \u202e around"), Post("nul \0"), Post("escape \u001b[2J"), Post("   "), Post(new string('a', 10_000)),
            Post("by nobody", author: ""), Post("by a long name", author: new string('a', 25)), Post("by a turned name", author: "a\u202eb"), Post(" marker "),
        ];

        Select(outside, cluster["node"], "post-desk").Tell(new SubmitPosts(posts), listener);
        await Eventually.TrueAsync(async () => (await AnswersOf(listener)).Length == posts.Length, Patience);
        await Eventually.TrueAsync(() => viewer.Seen.Contains("marker"), Patience);

        var answers = (await AnswersOf(listener)).ToDictionary(answer => answer.Id, answer => answer.Reason);
        Assert.Equal(
            [
                null, RejectReason.TextInvalid, RejectReason.TextInvalid, RejectReason.TextEmpty, RejectReason.TextTooLong,
                RejectReason.FieldInvalid, RejectReason.FieldInvalid, null, null,
            ],
            posts.Select(post => answers[post.Post.Id]));
        Assert.Equal(["turned  around", "by a turned name", "marker"], viewer.Seen);
    }

    [Fact]
    public async Task Invalid_numbers_end_no_actor_and_no_room()
    {
        await using var cluster = await TestCluster.StartAsync(("node", "origin,edge"));
        var node = cluster["node"];
        var viewer = await node.JoinAsync("lobby", WireFormat.Json);
        viewer.Post("before");
        await Eventually.TrueAsync(() => viewer.Seen.Count == 1, Patience);
        using var outside = Outside();
        var latest = new Position(Position.MaxInteger, Position.MaxInteger);
        var broken = new Slice(Room, latest.Epoch, Position.None, 1, 3, Convert.FromHexString("01ffff"));

        foreach (var message in new IWireMessage[]
        {
            new AttachEdge(Room, latest, int.MaxValue), new ReadHistory(Room, latest, latest.Epoch), new FetchRange(Room, new MissingRange(latest.Epoch, 1, 1)),
            new FetchRange(Room, new MissingRange(1, 0, 0)), Post("known", known: latest.Epoch),
        })
        {
            Select(outside, node, "post-desk").Tell(message);
            Select(outside, node, "/system/sharding/room").Tell(message);
        }

        Select(outside, node, "post-desk").Tell(new SubmitPosts([Post("known", known: latest.Epoch)]));
        Select(outside, node, "clock").Tell(new TellClock(Position.MaxInteger, Position.MaxInteger, ClockState.Right));
        foreach (var message in new IWireMessage[] { new Attached(Room, default, 1, [broken]), new RangeGone(Room, default, default, 1, [broken]), new HistoryPage(Room, default, [broken]) })
        {
            Select(outside, node, "rooms/lobby.1").Tell(message);
        }

        // Each actor has heard what came before the question.
        await Task.WhenAll(Told.Select(path => Select(outside, node, path).Ask<ActorIdentity>(new Identify(null), Patience)));
        viewer.Post("after");
        await Eventually.TrueAsync(() => viewer.Seen.Count == 2, Patience);

        Assert.Equal(["before", "after"], viewer.Seen);
        Assert.Null(viewer.Outbox.Closed);
        Assert.Single(viewer.Outbox.OfType("batch").Select(batch => batch.GetProperty("epoch").GetInt64()).Distinct());
        Assert.DoesNotContain(node.Log.Lines, line => line.Contains("overflow", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Viewers are sent to the one, and edges ask for content at the other.</summary>
    [Theory]
    [InlineData("/etc/passwd", "ftp://origin/")]
    [InlineData("javascript:alert(1)", "x")]
    public async Task An_address_that_is_not_http_is_not_used_as_a_nodes_address(string publicUrl, string httpUrl)
    {
        await using var cluster = await TestCluster.StartAsync(("node", "origin,edge"));
        var node = cluster["node"];
        using var outside = Outside();
        var note = new NodeStatus($"akka.tcp://danmaku@127.0.0.1:{node.Port}", "stranger", publicUrl, true, 0, 0) { HttpUrl = httpUrl };
        ClusterMember? said = null;

        await Eventually.TrueAsync(
            () =>
            {
                Select(outside, node, "watcher").Tell(note);
                said = node.Rooms.Status.Members.SingleOrDefault(member => member.Name == "stranger");
                return said is not null;
            },
            Patience);

        Assert.Equal((null, null), (said!.PublicUrl, said.HttpUrl));
    }

    [Fact]
    public async Task Json_by_type_name_is_refused_and_never_becomes_an_object()
    {
        await using var cluster = await TestCluster.StartAsync(("node", "origin,edge"));
        var listener = cluster["node"].System.ActorOf(Props.Create<Listener>(), "listener");
        using var outside = ActorSystem.Create("outside", ConfigurationFactory.ParseString(Remoting));
        var target = outside.ActorSelection($"akka.tcp://danmaku@127.0.0.1:{cluster["node"].Port}/user/listener");

        target.Tell(new Gadget { Text = "by type name" });
        // A string has a serializer of its own. It comes after the JSON on the same connection, so when it is here the other was refused.
        target.Tell("marker");

        var heard = await listener.Ask<object[]>(new Listener.Hear(), TimeSpan.FromSeconds(20));
        Assert.Equal(["marker"], heard);
        Assert.Equal(0, Gadget.Created - Gadget.CreatedHere);
    }

    private static ActorSystem Outside() => ActorSystem.Create("outside", ConfigurationFactory.ParseString(Remoting + "\n" + Wire));

    /// <param name="path">Below <c>/user</c>, where it does not begin with a slash.</param>
    private static ActorSelection Select(ActorSystem outside, TestNode node, string path) =>
        outside.ActorSelection($"akka.tcp://danmaku@127.0.0.1:{node.Port}{(path.StartsWith('/') ? "" : "/user/")}{path}");

    private static SubmitPost Post(string text, string author = "Mei", long known = 0) =>
        new(Room, TestViewer.NewPost(text) with { Author = author }, known);

    private static async Task<PostAnswer[]> AnswersOf(IActorRef listener) =>
        [.. (await listener.Ask<object[]>(new Listener.Hear(), Patience)).OfType<PostAnswers>().SelectMany(message => message.Answers)];

    /// <summary>Says what it heard, once there is something.</summary>
    private sealed class Listener : ReceiveActor
    {
        private readonly List<object> _heard = [];
        private IActorRef? _asker;

        public Listener()
        {
            Receive<Hear>(_ =>
            {
                _asker = Sender;
                Answer();
            });
            ReceiveAny(message =>
            {
                _heard.Add(message);
                Answer();
            });
        }

        private void Answer()
        {
            if (_heard.Count > 0)
            {
                _asker?.Tell(_heard.ToArray());
            }
        }

        public sealed record Hear;
    }

    /// <summary>Counts how often it was made; only once by the test itself.</summary>
    public sealed class Gadget
    {
        public const int CreatedHere = 1;

        private static int _created;

        public Gadget() => Interlocked.Increment(ref _created);

        public static int Created => _created;

        public string Text { get; set; } = "";
    }
}
