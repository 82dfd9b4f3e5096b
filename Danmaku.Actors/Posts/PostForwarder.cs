using Akka.Actor;
using Danmaku.Actors.Cluster;
using Danmaku.Actors.Connections;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;
using static Danmaku.Actors.Posts.PostProtocol;

namespace Danmaku.Actors.Posts;

/// <summary>
/// The one way of a post from this node to its room, from viewers and over HTTP. It goes to the <see cref="PostIngress"/> of the room's origin, under load many
/// in one message. Where the origin is not known, cluster sharding finds the room. All answers come back here, and are passed on to who posted.
/// </summary>
public sealed class PostForwarder : UntypedActor
{
    /// <summary>Bytes of a post in a message, besides its text and author.</summary>
    private const int Overhead = 64;

    /// <summary>How long a moderator waits with a recall while a node of release 0.1 is in the cluster.</summary>
    private static readonly TimeSpan RetryWhenOld = TimeSpan.FromSeconds(30);

    private readonly IActorRef _rooms;
    private readonly WireLevel _wire;
    private readonly TimeProvider _time;
    private readonly Dictionary<Address, AdaptiveBatcher<RoomProtocol.SubmitPost>> _origins = [];

    /// <summary>Who posted, by ticket, until it ends: no more than connections, and posts over HTTP that wait for their answer.</summary>
    private readonly Dictionary<long, IActorRef> _posters = [];

    /// <param name="rooms">This node's shard region, or its proxy.</param>
    public PostForwarder(IActorRef rooms, WireLevel wire, TimeProvider time) => (_rooms, _wire, _time) = (rooms, wire, time);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Send { Post: { Post.Recall: not null } recall } when !_wire.ReadsSources:
                Sender.Tell(recall.Refused(RejectReason.Unavailable, RetryWhenOld));
                break;
            case Send send:
                OnSend(_wire.ReadsSources ? send : send.Plain());
                break;
            case PostAnswers answers:
                foreach (var answer in answers.Answers)
                {
                    PassOn(answer);
                }

                break;
            case RoomProtocol.PostAnswer answer:
                PassOn(answer);
                break;
            case PauseOver over:
                OnPauseOver(over.Origin);
                break;
            case OriginGone gone:
                _origins.Remove(gone.Origin);
                break;
            case PosterGone gone:
                _posters.Remove(gone.Ticket);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnSend(Send send)
    {
        if (_posters.TryAdd(send.Post.Ticket, Sender))
        {
            Context.WatchWith(Sender, new PosterGone(send.Post.Ticket));
        }

        if (send.Origin is { } origin)
        {
            Pause(origin, BatcherOf(origin).Add(send.Post));
        }
        else
        {
            _rooms.Tell(send.Post, Self);
        }
    }

    private AdaptiveBatcher<RoomProtocol.SubmitPost> BatcherOf(Address origin)
    {
        if (!_origins.TryGetValue(origin, out var batcher))
        {
            var ingress = PostIngress.On(origin, Context.System);
            Context.WatchWith(ingress, new OriginGone(origin));
            _origins.Add(origin, batcher = new AdaptiveBatcher<RoomProtocol.SubmitPost>(
                To(ingress), submit => Overhead + (2 * (submit.Post.Text.Length + submit.Post.Author.Length)), _time));
        }

        return batcher;
    }

    private Action<IReadOnlyList<RoomProtocol.SubmitPost>> To(IActorRef ingress)
    {
        var self = Self;
        return posts => ingress.Tell(new SubmitPosts(posts), self);
    }

    private void OnPauseOver(Address origin)
    {
        // Of an instance before this one, or of an origin that has gone, it is none of ours.
        if (_origins.TryGetValue(origin, out var batcher))
        {
            Pause(origin, batcher.EndPause());
        }
    }

    private void Pause(Address origin, TimeSpan? pause)
    {
        if (pause is { } wait)
        {
            WaitFor(origin, wait);
        }
    }

    private void WaitFor(Address origin, TimeSpan pause) => Task.Delay(pause, _time).PipeTo(Self, success: () => new PauseOver(origin));

    private void PassOn(RoomProtocol.PostAnswer answer)
    {
        if (_posters.TryGetValue(answer.Ticket, out var poster))
        {
            ConnectionDispatcher.TellHere(poster, answer);
        }
    }

    /// <summary>
    /// A post, with a ticket of the sender's own. Answered with <see cref="RoomProtocol.PostAnswer"/>, and again when the store gets the danmaku later. Safe to
    /// repeat.
    /// </summary>
    /// <param name="Origin">Where the room is; null when it is here, or nobody knows.</param>
    public sealed record Send(Address? Origin, RoomProtocol.SubmitPost Post) : INoSerializationVerificationNeeded
    {
        /// <summary>The same without the person, for an origin that may be of release 0.1.</summary>
        internal Send Plain() => this with { Post = Post with { Post = Post.Post with { User = UserId.None, Role = Role.Viewer } } };
    }

    private sealed record PauseOver(Address Origin) : INoSerializationVerificationNeeded;

    /// <summary>It may start again at the same address; then it has a new ingress.</summary>
    private sealed record OriginGone(Address Origin) : INoSerializationVerificationNeeded;

    private sealed record PosterGone(long Ticket) : INoSerializationVerificationNeeded;
}
