using Akka.Actor;
using Danmaku.Actors.Connections;
using Danmaku.Actors.Rooms;
using static Danmaku.Actors.Posts.PostProtocol;

namespace Danmaku.Actors.Posts;

/// <summary>
/// Forwards the posts of an edge's viewers to the <see cref="PostIngress"/> of the origin that has their room; under load many share one message. Passes the
/// answers on to the viewers' <see cref="Connections.ConnectionActor"/>s.
/// </summary>
public sealed class PostForwarder : UntypedActor
{
    /// <summary>Bytes of a post in a message, besides its text and author.</summary>
    private const int Overhead = 64;

    private readonly TimeProvider _time;
    private readonly Dictionary<Address, AdaptiveBatcher<RoomProtocol.SubmitPost>> _origins = [];
    private readonly Dictionary<long, IActorRef> _posters = [];

    public PostForwarder(TimeProvider time) => _time = time;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Send send:
                OnSend(send);
                break;
            case PostAnswers answers:
                OnAnswers(answers);
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
        if (!_origins.TryGetValue(send.Origin, out var batcher))
        {
            var ingress = PostIngress.On(send.Origin, Context.System);
            Context.WatchWith(ingress, new OriginGone(send.Origin));
            _origins.Add(send.Origin, batcher = new AdaptiveBatcher<RoomProtocol.SubmitPost>(
                To(ingress), submit => Overhead + (2 * (submit.Post.Text.Length + submit.Post.Author.Length)), _time));
        }

        if (_posters.TryAdd(send.Post.Ticket, Sender))
        {
            Context.WatchWith(Sender, new PosterGone(send.Post.Ticket));
        }

        Pause(send.Origin, batcher.Add(send.Post));
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

    private void OnAnswers(PostAnswers answers)
    {
        foreach (var answer in answers.Answers)
        {
            if (_posters.TryGetValue(answer.Ticket, out var poster))
            {
                ConnectionDispatcher.TellHere(poster, answer);
            }
        }
    }

    /// <summary>
    /// From a connection: a post for a room on that origin, with the connection's own ticket. The answer is a <see cref="RoomProtocol.PostAnswer"/>. Safe to
    /// repeat.
    /// </summary>
    public sealed record Send(Address Origin, RoomProtocol.SubmitPost Post) : INoSerializationVerificationNeeded;

    private sealed record PauseOver(Address Origin) : INoSerializationVerificationNeeded;

    /// <summary>It may start again at the same address; then it has a new ingress.</summary>
    private sealed record OriginGone(Address Origin) : INoSerializationVerificationNeeded;

    private sealed record PosterGone(long Ticket) : INoSerializationVerificationNeeded;
}
