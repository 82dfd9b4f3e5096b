using Akka.Actor;
using static Danmaku.Actors.Posts.PostProtocol;

namespace Danmaku.Actors.Posts;

/// <summary>
/// Receives posts at an origin, as <c>/user/post-desk</c>: takes messages of the edges' <see cref="PostForwarder"/>s, passes each post to its room, also if the
/// room has moved to another origin, and has one <see cref="AckBatcher"/> for each edge send the answers back.
/// </summary>
public sealed class PostIngress : ReceiveActor
{
    public const string ActorName = "post-desk";

    /// <summary>Most edges that post here at a time. Posts of further edges are dropped, and their authors get <c>unknown</c>.</summary>
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

    /// <summary>The ingress of another node, also after that node has restarted.</summary>
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
