using Akka.Actor;
using Akka.Cluster;
using Danmaku.Actors.Clocks;
using Danmaku.Actors.Connections;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Storage;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Cluster;

/// <summary>Rooms on the cluster, as endpoints see them.</summary>
/// <param name="edgeRooms"><see cref="EdgeRoomManager"/>; null on a node that is no edge.</param>
/// <param name="forwarder"><see cref="PostForwarder"/>.</param>
/// <param name="pendingPosts">Bounds the unanswered posts over HTTP; when it is full, posts are refused.</param>
/// <param name="watcher"><see cref="ClusterWatcher"/>.</param>
public sealed class ActorRooms(
    ActorSystem system, IActorRef? edgeRooms, IActorRef forwarder, SharedBudget pendingPosts, IActorRef watcher, IngressState ingress, NodeNotes notes,
    StoreHealth health, NodeClock clock, string name, DanmakuMetrics metrics, TimeProvider time)
    : IRooms
{
    /// <summary>A join is answered by actors of this node alone; longer than this only when it is overloaded.</summary>
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(10);

    /// <summary>How long a plain-text client's handshake waits for a room that this edge does not know yet.</summary>
    private static readonly TimeSpan OpenPatience = TimeSpan.FromSeconds(2);

    /// <summary>A store that has just restarted is no news.</summary>
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(2);

    /// <summary>When a client may try again whose post found too many others waiting.</summary>
    private static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(1);

    private readonly PostTickets _tickets = new();
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(system);

    public async Task<Position?> OpenAsync(RoomId room, CancellationToken cancellation)
    {
        try
        {
            var opened = await EdgeRoomsOrThrow.Ask<EdgeRoomManager.Opened>(new EdgeRoomManager.Open(room), OpenPatience, cancellation).ConfigureAwait(false);
            return opened.Top;
        }
        catch (AskTimeoutException)
        {
            // No origin at the moment. The viewer waits inside as well as here.
            return null;
        }
    }

    public async ValueTask<IViewer?> JoinAsync(JoinRequest join, IOutbox outbox, CancellationToken cancellation)
    {
        var message = new EdgeRoomManager.Join(join, outbox);
        EdgeRoomsOrThrow.Tell(message, ActorRefs.NoSender);
        try
        {
            var viewer = await message.Answer.Task.WaitAsync(JoinPatience, time, cancellation).ConfigureAwait(false);
            return viewer is null ? null : new ActorViewer(viewer, time);
        }
        catch (TimeoutException)
        {
            outbox.Close(CloseReason.NoAnswer);
            return null;
        }
        finally
        {
            // Who gave up is not let in later, when nobody is there to leave any more.
            message.Answer.TrySetCanceled(CancellationToken.None);
        }
    }

    public async Task<PostResult> PostAsync(RoomId room, Post post, int source, CancellationToken cancellation)
    {
        if (pendingPosts.IsFull)
        {
            metrics.Refused(RejectReason.Unavailable);
            return new PostResult.Rejected(RejectReason.Unavailable, RetryWhenFull);
        }

        var patience = DateTimeOffset.FromUnixTimeMilliseconds(post.Deadline) - time.GetUtcNow();
        if (patience <= TimeSpan.Zero)
        {
            // No question without an end.
            return new PostResult.Unknown();
        }

        var submit = new RoomProtocol.SubmitPost(room, post, 0, _tickets.NextOverHttp(source));
        pendingPosts.Add(1);
        try
        {
            return ResultOf(await forwarder.Ask<RoomProtocol.PostAnswer>(new PostForwarder.Send(null, submit), patience, cancellation).ConfigureAwait(false));
        }
        catch (AskTimeoutException)
        {
            return new PostResult.Unknown();
        }
        finally
        {
            pendingPosts.Add(-1);
        }
    }

    private PostResult ResultOf(RoomProtocol.PostAnswer answer)
    {
        if (answer.Reason is { } reason)
        {
            metrics.Refused(reason);
            return new PostResult.Rejected(reason, answer.RetryAfter);
        }

        var state = answer.IsDurable ? PostState.Saved : PostState.Seen;
        return answer.IsUnknown ? new PostResult.Unknown()
            : answer.IsRepeat ? new PostResult.Repeated(answer.Position, state)
            : new PostResult.Accepted(answer.Position, state);
    }

    public ClusterStatus Status
    {
        get
        {
            var state = _cluster.State;
            return new ClusterStatus(name, [.. state.Members.Select(member => ToMember(member, state))]);
        }
    }

    public void AnnounceDrain() => watcher.Tell(ClusterWatcher.Drain.Instance, ActorRefs.NoSender);

    public bool HasEnded => system.WhenTerminated.IsCompleted;

    public string? NotReady
    {
        get
        {
            var state = _cluster.State;
            if (_cluster.IsTerminated || _cluster.SelfMember.Status != MemberStatus.Up)
            {
                return "not a member of the cluster";
            }

            if (edgeRooms is not null && !ingress.IsComplete)
            {
                return "not subscribed yet";
            }

            return state.Members.Any(member => member.HasRole(ClusterRoles.Origin) && member.Status == MemberStatus.Up && !state.Unreachable.Contains(member))
                ? null
                : "no origin can be reached";
        }
    }

    public string? Impaired => health.Failing > StorePatience ? "the store is away" : clock.Impaired;

    /// <summary>How many members there are, by status.</summary>
    public IEnumerable<KeyValuePair<string, long>> CountMembers() =>
        Status.Members.GroupBy(member => member.Status).Select(group => KeyValuePair.Create(group.Key.ToLowerInvariant(), (long)group.Count()));

    private IActorRef EdgeRoomsOrThrow => edgeRooms ?? throw new InvalidOperationException("This node is no edge.");

    private ClusterMember ToMember(Member member, ClusterEvent.CurrentClusterState state)
    {
        var address = member.Address.ToString();
        var note = notes.Of(address);
        var status = state.Unreachable.Contains(member) ? "Unreachable" : member.Status.ToString();
        return new ClusterMember(note?.Name ?? "", address, [.. member.Roles.Where(role => role is ClusterRoles.Origin or ClusterRoles.Edge).Order()], status, note?.Rooms ?? 0, note?.Viewers ?? 0)
        {
            PublicUrl = HttpUri(note?.PublicUrl),
            HttpUrl = HttpUri(note?.HttpUrl),
            TakesViewers = status == nameof(MemberStatus.Up) && note is { TakesViewers: true },
        };
    }

    /// <summary>What another node says of itself need not be an address of HTTP.</summary>
    private static Uri? HttpUri(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps) ? uri : null;

    private sealed class ActorViewer(IActorRef viewer, TimeProvider time) : IViewer
    {
        /// <summary>It is answered sooner, unless the room has ended; then the connection is closed.</summary>
        private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(10);

        public void Post(Post post) => ConnectionDispatcher.TellHere(viewer, new ConnectionActor.SendPost(post));

        public async Task CloseAsync(CloseReason reason)
        {
            var close = new ConnectionActor.Close(reason);
            viewer.Tell(close, ActorRefs.NoSender);
            try
            {
                await close.Done.Task.WaitAsync(ClosePatience, time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Nobody is there any more who would have something to say.
            }
        }

        public void Leave() => viewer.Tell(ConnectionActor.Leave.Instance, ActorRefs.NoSender);
    }
}

/// <summary>What a node does in the cluster; one node may have both roles.</summary>
public static class ClusterRoles
{
    /// <summary>Keeps rooms.</summary>
    public const string Origin = "origin";

    /// <summary>Has viewers.</summary>
    public const string Edge = "edge";
}
