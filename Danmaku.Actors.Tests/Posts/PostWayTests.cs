using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Danmaku.Actors.Cluster;
using Danmaku.Actors.Posts;
using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Testing;
using Xunit;
using static Danmaku.Actors.Posts.PostProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Posts;

/// <summary>Posts on their way from an edge to an origin and their answers on the way back: many in one message, in order, none lost between the two.</summary>
public sealed class PostWayTests : TestKit
{
    private static readonly RoomId Room = RoomId.Parse("lobby");
    /// <summary>So many go at once after a quiet while.</summary>
    private const int Burst = 8;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly ManualTimeProvider _time = new();
    private readonly TestProbe _rooms;
    private readonly TestProbe _ingress;
    private readonly IActorRef _forwarder;

    public PostWayTests()
    {
        (_rooms, _ingress) = (CreateTestProbe(), CreateTestProbe());
        _forwarder = Sys.ActorOf(Props.Create<PostForwarder>(_rooms.Ref, new WireLevel(), _time));
    }

    private Address Here => ((ExtendedActorSystem)Sys).Provider.DefaultAddress;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(ClientMarks.Max)]
    public void A_ticket_identifies_the_client_of_a_post_and_every_release_can_read_it(int source)
    {
        var tickets = new PostTickets();

        long[] some = [tickets.Next(source), tickets.Next(source), tickets.NextOverHttp(source), tickets.NextOverHttp(source)];

        Assert.Equal([(source, true), (source, true), (source, false), (source, false)], some.Select(PostTickets.Read));
        Assert.All(some, ticket => Assert.InRange(ticket, 1, Position.MaxInteger));
        Assert.Equal(4, some.Distinct().Count());
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(100_000_000, true)]
    public void A_ticket_of_the_previous_release_says_whether_a_post_is_from_a_viewer_and_not_from_whom(long ticket, bool isViewer) =>
        Assert.Equal((0, isViewer), PostTickets.Read(ticket));

    [Fact]
    public async Task A_few_posts_go_at_once_each_by_itself()
    {
        OpenDeskOfProbe();

        await BurstAsync();
    }

    [Fact]
    public async Task Posts_after_many_others_go_together_and_in_order()
    {
        OpenDeskOfProbe();
        await BurstAsync();
        foreach (var id in Enumerable.Range(1, 9))
        {
            Send(TestActor, id);
        }

        await PauseAsync();
        var together = await _ingress.ExpectMsgAsync<SubmitPosts>();
        Send(TestActor, 11);
        await PauseAsync();
        var last = await _ingress.ExpectMsgAsync<SubmitPosts>();

        Assert.Equal(Enumerable.Range(1, 9), Ids(together));
        Assert.Equal([11], Ids(last));
    }

    [Fact]
    public async Task A_full_message_is_sent_without_a_pause()
    {
        OpenDeskOfProbe();
        await BurstAsync();
        foreach (var id in Enumerable.Range(1, 200))
        {
            Send(TestActor, id, new string('x', 100));
        }

        var full = await _ingress.ExpectMsgAsync<SubmitPosts>();

        Assert.InRange(full.Posts.Count, 30, 80);
    }

    [Fact]
    public async Task After_a_quiet_time_posts_go_at_once_again()
    {
        OpenDeskOfProbe();
        await BurstAsync();

        _time.Advance(TimeSpan.FromSeconds(1));

        await BurstAsync();
    }

    [Fact]
    public async Task Every_connection_gets_the_answers_to_its_own_posts()
    {
        OpenDesk();
        var (mei, kai) = (CreateTestProbe(), CreateTestProbe());

        Send(mei, 1);
        await AnswerAsync(1);
        Send(kai, 2);
        Send(mei, 3);
        await AnswerAsync(2);
        await AnswerAsync(3);

        Assert.Equal(1, Number(await mei.ExpectMsgAsync<PostAnswer>()));
        Assert.Equal(2, Number(await kai.ExpectMsgAsync<PostAnswer>()));
        Assert.Equal(3, Number(await mei.ExpectMsgAsync<PostAnswer>()));
    }

    [Fact]
    public async Task A_connection_that_has_gone_gets_no_answer_and_delays_nobody()
    {
        OpenDesk();
        var (mei, kai) = (CreateTestProbe(), CreateTestProbe());
        Send(mei, 1);
        Send(kai, 2);
        Sys.Stop(mei);

        await AnswerAsync(1);
        await AnswerAsync(2);

        Assert.Equal(2, Number(await kai.ExpectMsgAsync<PostAnswer>()));
    }

    [Fact]
    public async Task A_post_whose_origin_nobody_knows_goes_through_sharding_and_its_author_hears_of_it_by_the_same_way_back()
    {
        var (mei, kai) = (CreateTestProbe(), CreateTestProbe());
        _forwarder.Tell(new PostForwarder.Send(null, Submit(1) with { Ticket = 1 }), mei);
        _forwarder.Tell(new PostForwarder.Send(null, Submit(2) with { Ticket = 2 }), kai);

        await AnswerAsync(1);
        await AnswerAsync(2);

        Assert.Equal(1, Number(await mei.ExpectMsgAsync<PostAnswer>()));
        Assert.Equal(2, Number(await kai.ExpectMsgAsync<PostAnswer>()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_kept_of_who_has_asked_once_and_got_an_answer_or_given_up(bool isAnswered)
    {
        var asked = _forwarder.Ask<PostAnswer>(new PostForwarder.Send(null, Submit(1) with { Ticket = 7 }), TimeSpan.FromSeconds(isAnswered ? 20 : 0.1));
        if (isAnswered)
        {
            await AnswerAsync(1);
            await asked;
        }
        else
        {
            await Assert.ThrowsAsync<AskTimeoutException>(() => asked);
            await _rooms.ExpectMsgAsync<SubmitPost>();
        }

        // Only in the place of one who is not known any more does another with the same ticket hear of its post.
        var kai = CreateTestProbe();
        await Eventually.TrueAsync(async () =>
        {
            _forwarder.Tell(new PostForwarder.Send(null, Submit(2) with { Ticket = 7 }), kai);
            await AnswerAsync(2);
            return kai.HasMessages;
        });
    }

    [Fact]
    public async Task Answers_that_come_together_go_back_together()
    {
        var edge = CreateTestProbe();
        OpenDesk().Tell(new SubmitPosts([.. Enumerable.Range(1, Burst + 3).Select(id => Submit(id))]), edge);
        foreach (var id in Enumerable.Range(1, Burst + 3))
        {
            await AnswerAsync(id);
        }

        for (var id = 1; id <= Burst; id++)
        {
            Assert.Equal([id], (await edge.ExpectMsgAsync<PostAnswers>()).Answers.Select(Number));
        }

        await PauseAsync(edge.LastSender);
        Assert.Equal([Burst + 1, Burst + 2, Burst + 3], (await edge.ExpectMsgAsync<PostAnswers>()).Answers.Select(Number));
    }

    [Fact]
    public async Task Nothing_is_kept_of_an_edge_that_has_gone()
    {
        var edge = CreateTestProbe();
        OpenDesk().Tell(new SubmitPosts([Submit(1)]), edge);
        await _rooms.ExpectMsgAsync<SubmitPost>();
        var answers = Watch(_rooms.LastSender);

        Sys.Stop(edge);

        await ExpectTerminatedAsync(answers);
    }

    [Fact]
    public async Task Posts_go_to_an_origin_that_was_restarted_at_its_address()
    {
        var gone = Watch(OpenDeskOfProbe());
        Send(TestActor, 1);
        await _ingress.ExpectMsgAsync<SubmitPosts>();

        Sys.Stop(gone);
        await ExpectTerminatedAsync(gone);
        OpenDeskOfProbe();

        // The forwarder may hear of it later than the test.
        await Eventually.TrueAsync(
            () =>
            {
                Send(TestActor, 2);
                return _ingress.HasMessages;
            },
            TimeSpan.FromSeconds(10));
        Assert.All(Ids(await _ingress.ExpectMsgAsync<SubmitPosts>()), id => Assert.Equal(2, id));
    }

    [Fact]
    public async Task While_an_earlier_release_is_a_member_no_origin_gets_a_recall_or_who_said_something()
    {
        var user = new UserId([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        var (said, recall) = (Submit(1), Submit(2));

        _forwarder.Tell(new PostForwarder.Send(null, recall with { Ticket = 1, Post = recall.Post with { Recall = Recall.Everything.Instance, Role = Role.Host } }));
        var refused = await ExpectMsgAsync<PostAnswer>();
        _forwarder.Tell(new PostForwarder.Send(null, said with { Ticket = 1, Post = said.Post with { User = user, Role = Role.Host } }));
        var sent = await _rooms.ExpectMsgAsync<SubmitPost>();

        Assert.Equal((recall.Post.Id, RejectReason.Unavailable), (refused.Id, refused.Reason));
        Assert.Equal((said.Post.Id, UserId.None, Role.Viewer), (sent.Post.Id, sent.Post.User, sent.Post.Role));
    }

    private IActorRef OpenDesk() => Sys.ActorOf(Props.Create<PostIngress>(_rooms.Ref, _time), PostIngress.ActorName);

    private IActorRef OpenDeskOfProbe() => Sys.ActorOf(Props.Create<Forwarder>(_ingress.Ref), PostIngress.ActorName);

    private void Send(IActorRef poster, int id, string text = "hi") => _forwarder.Tell(new PostForwarder.Send(Here, Submit(id, text) with { Ticket = poster.Path.Uid }), poster);

    /// <summary>A room answers a post.</summary>
    private async Task AnswerAsync(int id)
    {
        var post = await _rooms.ExpectMsgAsync<SubmitPost>();
        Assert.Equal(id, (int)post.Post.Id.Value);
        _rooms.Reply(post.Unknown());
    }

    /// <summary>As many posts as go at once.</summary>
    private async Task BurstAsync()
    {
        for (var id = 101; id <= 100 + Burst; id++)
        {
            Send(TestActor, id);
            Assert.Equal([id], Ids(await _ingress.ExpectMsgAsync<SubmitPosts>()));
        }
    }

    /// <summary>A pause passes for one, the forwarder unless it is said, that has heard of all that was sent to it.</summary>
    private async Task PauseAsync(IActorRef? bundling = null)
    {
        (bundling ?? _forwarder).Tell(new Identify(0), TestActor);
        await ExpectMsgAsync<ActorIdentity>();
        _time.Advance(Pause);
    }

    private static SubmitPost Submit(int id, string text = "hi") =>
        new(Room, new Post(new PostId((UInt128)id), "Mei", text, CommentStyle.Default, null, 1), 0);

    private static IEnumerable<int> Ids(SubmitPosts posts) => posts.Posts.Select(post => (int)post.Post.Id.Value);

    private static int Number(PostAnswer answer) => (int)answer.Id.Value;

    private sealed class Forwarder(IActorRef to) : UntypedActor
    {
        protected override void OnReceive(object message) => to.Forward(message);
    }
}
