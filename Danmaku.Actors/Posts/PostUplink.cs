using Akka.Actor;
using Danmaku.Actors.Rooms;
using static Danmaku.Actors.Posts.PostProtocol;

namespace Danmaku.Actors.Posts;

/// <summary>
/// An edge's end of the way of posts: brings what its viewers post to the <see cref="PostDesk"/> of the origin that has their room, many in
/// one message, and what became of them to their <see cref="Connections.ConnectionActor"/>s.
/// </summary>
public sealed class PostUplink : ReceiveActor
{
    /// <summary>What a post takes in a message beside its text and author.</summary>
    private const int Overhead = 64;

    private readonly TimeProvider _time;
    private readonly Dictionary<Address, Bundle<RoomProtocol.SubmitPost>> _origins = [];
    private readonly Dictionary<IActorRef, long> _tickets = [];
    private readonly Dictionary<long, IActorRef> _posters = [];
    private long _lastTicket;

    public PostUplink(TimeProvider time)
    {
        _time = time;

        Receive<Send>(OnSend);
        Receive<PostAnswers>(OnAnswers);
        Receive<PauseOver>(over => OnPauseOver(over.Origin));
        Receive<PosterGone>(gone => OnPosterGone(gone.Poster));
    }

    private void OnSend(Send send)
    {
        if (!_origins.TryGetValue(send.Origin, out var bundle))
        {
            _origins.Add(send.Origin, bundle = new Bundle<RoomProtocol.SubmitPost>(
                To(PostDesk.On(send.Origin, Context.System)), submit => Overhead + (2 * (submit.Post.Text.Length + submit.Post.Author.Length))));
        }

        if (bundle.Add(send.Post with { Ticket = TicketOf(Sender) }))
        {
            BeginPause(send.Origin);
        }
    }

    private Action<IReadOnlyList<RoomProtocol.SubmitPost>> To(IActorRef desk)
    {
        var self = Self;
        return posts => desk.Tell(new SubmitPosts(posts), self);
    }

    private void OnPauseOver(Address origin)
    {
        if (_origins[origin].EndPause())
        {
            BeginPause(origin);
        }
        else
        {
            _origins.Remove(origin);
        }
    }

    private void BeginPause(Address origin) => Task.Delay(Bundle<RoomProtocol.SubmitPost>.Pause, _time).PipeTo(Self, success: () => new PauseOver(origin));

    private void OnAnswers(PostAnswers answers)
    {
        foreach (var answer in answers.Answers)
        {
            if (_posters.TryGetValue(answer.Ticket, out var poster))
            {
                poster.Tell(answer);
            }
        }
    }

    private long TicketOf(IActorRef poster)
    {
        if (!_tickets.TryGetValue(poster, out var ticket))
        {
            _tickets.Add(poster, ticket = ++_lastTicket);
            _posters.Add(ticket, poster);
            Context.WatchWith(poster, new PosterGone(poster));
        }

        return ticket;
    }

    private void OnPosterGone(IActorRef poster)
    {
        if (_tickets.Remove(poster, out var ticket))
        {
            _posters.Remove(ticket);
        }
    }

    /// <summary>From a connection: a post for a room on that origin. Answered with <see cref="RoomProtocol.PostAnswer"/>; safe to repeat.</summary>
    public sealed record Send(Address Origin, RoomProtocol.SubmitPost Post) : INoSerializationVerificationNeeded;

    private sealed record PauseOver(Address Origin) : INoSerializationVerificationNeeded;

    private sealed record PosterGone(IActorRef Poster) : INoSerializationVerificationNeeded;
}
