using Akka.Actor;
using Danmaku.Actors.Rooms;
using static Danmaku.Actors.Posts.PostProtocol;

namespace Danmaku.Actors.Posts;

/// <summary>
/// An origin's end of the way of posts, <c>/user/post-desk</c>: takes what the edges' <see cref="PostForwarder"/>s bring, gives each post to its
/// room, also when that has moved to another origin, and has an <see cref="AckBatcher"/> for each edge take the answers back.
/// </summary>
public sealed class PostIngress : ReceiveActor
{
    public const string ActorName = "post-desk";

    /// <summary>Most edges that post here at a time; the posts of more are dropped, and their authors hear that nobody knows.</summary>
    private const int MaxEdges = 1000;

    private readonly IActorRef _rooms;
    private readonly TimeProvider _time;
    private readonly Dictionary<IActorRef, IActorRef> _edges = [];

    /// <param name="rooms">This origin's shard region.</param>
    public PostIngress(IActorRef rooms, TimeProvider time)
    {
        (_rooms, _time) = (rooms, time);

        Receive<SubmitPosts>(OnPosts);
        Receive<EdgeGone>(gone => OnGone(gone.Edge));
    }

    /// <summary>The one of another node, in whatever life that is.</summary>
    public static IActorRef On(Address origin, ActorSystem system) =>
        ((ExtendedActorSystem)system).Provider.ResolveActorRef(new RootActorPath(origin) / "user" / ActorName);

    private void OnPosts(SubmitPosts message)
    {
        if (!_edges.TryGetValue(Sender, out var answers))
        {
            if (_edges.Count == MaxEdges)
            {
                return;
            }

            _edges.Add(Sender, answers = Context.ActorOf(Props.Create<AckBatcher>(Sender, _time)));
            Context.WatchWith(Sender, new EdgeGone(Sender));
        }

        foreach (var post in message.Posts)
        {
            _rooms.Tell(post, answers);
        }
    }

    private void OnGone(IActorRef edge)
    {
        if (_edges.Remove(edge, out var answers))
        {
            Context.Stop(answers);
        }
    }

    private sealed record EdgeGone(IActorRef Edge) : INoSerializationVerificationNeeded;
}

/// <summary>Takes what became of one edge's posts back to it, many in one message. Rooms see it as the one who posts.</summary>
public sealed class AckBatcher : ReceiveActor
{
    /// <summary>What an answer takes in a message.</summary>
    private const int AnswerBytes = 64;

    private readonly TimeProvider _time;
    private readonly AdaptiveBatcher<RoomProtocol.PostAnswer> _answers;

    public AckBatcher(IActorRef edge, TimeProvider time)
    {
        _time = time;
        _answers = new AdaptiveBatcher<RoomProtocol.PostAnswer>(answers => edge.Tell(new PostAnswers(answers)), _ => AnswerBytes, time);

        Receive<RoomProtocol.PostAnswer>(answer => Pause(_answers.Add(answer)));
        Receive<PauseOver>(_ => Pause(_answers.EndPause()));
    }

    private void Pause(TimeSpan? pause)
    {
        if (pause is { } wait)
        {
            Task.Delay(wait, _time).PipeTo(Self, success: () => PauseOver.Instance);
        }
    }

    private sealed record PauseOver : INoSerializationVerificationNeeded
    {
        public static readonly PauseOver Instance = new();
    }
}
