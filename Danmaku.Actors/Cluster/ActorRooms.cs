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
    ActorSystem system, IActorRef? edgeRooms, IActorRef forwarder, SharedBudget pendingPosts, IActorRef watcher, IngressState ingress, NodeStatuses statuses,
    StoreHealth health, NodeClock clock, string name, DanmakuMetrics metrics, TimeProvider time)
    : IRooms
{
    /// <summary>Only actors of this node answer a join; it takes longer than this only under overload.</summary>
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(10);

    /// <summary>How long a plain-text client's handshake waits for a room that is not open on this edge yet.</summary>
    private static readonly TimeSpan OpenPatience = TimeSpan.FromSeconds(2);

    /// <summary>Failures shorter than this, such as a restart of the store, are not reported.</summary>
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
            // No origin can be reached. The viewer may wait in the room as well as here.
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
            // A caller that gave up must not join later: nobody would make it leave.
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

    /// <summary>The number of members by status.</summary>
    public IEnumerable<KeyValuePair<string, long>> CountMembers() =>
        Status.Members.GroupBy(member => member.Status).Select(group => KeyValuePair.Create(group.Key.ToLowerInvariant(), (long)group.Count()));

    private IActorRef EdgeRoomsOrThrow => edgeRooms ?? throw new InvalidOperationException("This node is no edge.");

    private ClusterMember ToMember(Member member, ClusterEvent.CurrentClusterState state)
    {
        var address = member.Address.ToString();
        var reported = statuses.Of(address);
        var status = state.Unreachable.Contains(member) ? "Unreachable" : member.Status.ToString();
        string[] roles = [.. member.Roles.Where(role => role is ClusterRoles.Origin or ClusterRoles.Edge).Order()];
        return new ClusterMember(reported?.Name ?? "", address, roles, status, reported?.Rooms ?? 0, reported?.Viewers ?? 0)
        {
            PublicUrl = HttpUri(reported?.PublicUrl),
            HttpUrl = HttpUri(reported?.HttpUrl),
            TakesViewers = status == nameof(MemberStatus.Up) && reported is { TakesViewers: true },
        };
    }

    /// <summary>Another node may send anything as its address.</summary>
    private static Uri? HttpUri(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps) ? uri : null;

    private sealed class ActorViewer(IActorRef viewer, TimeProvider time) : IViewer
    {
        /// <summary>It is answered sooner unless the room has ended; then the connection is closed.</summary>
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
                // The room has ended, so no answer will come.
            }
        }

        public void Leave() => viewer.Tell(ConnectionActor.Leave.Instance, ActorRefs.NoSender);
    }
}

/// <summary>The roles of a node in the cluster; one node may have both.</summary>
public static class ClusterRoles
{
    /// <summary>Keeps rooms.</summary>
    public const string Origin = "origin";

    /// <summary>Holds viewers.</summary>
    public const string Edge = "edge";
}
