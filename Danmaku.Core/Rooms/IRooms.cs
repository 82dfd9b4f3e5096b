using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Wire;

namespace Danmaku.Core.Rooms;

/// <summary>The one way from endpoints to rooms. The cluster's actors stand behind it.</summary>
public interface IRooms
{
    /// <summary>
    /// Gets a room ready, so that whoever joins it next misses nothing that is said from now on. Ends without an error, having waited a
    /// while, when its origin cannot be reached or there is no place for it: joining has the answer to that.
    /// </summary>
    /// <returns>Where the room is, for the join that follows; null when that is not known.</returns>
    Task<Position?> OpenAsync(RoomId room, CancellationToken cancellation);

    /// <summary>Lets a viewer in. Everything it is sent, from its greeting on, goes through its outbox.</summary>
    /// <returns>
    /// The viewer, or null when this node has no place for the room or does not answer; then the outbox has been closed with the reason.
    /// </returns>
    ValueTask<IViewer?> JoinAsync(JoinRequest join, IOutbox outbox, CancellationToken cancellation);

    /// <summary>Posts without being a viewer. Gives up at the post's deadline with <see cref="PostResult.Unknown"/>.</summary>
    /// <param name="source">As <see cref="JoinRequest.Source"/>.</param>
    Task<PostResult> PostAsync(RoomId room, Post post, int source, CancellationToken cancellation);

    /// <summary>What the cluster looks like from here.</summary>
    ClusterStatus Status { get; }

    /// <summary>
    /// Tells the other nodes at once that this one takes no viewers any more, so that none of them sends it any. Safe to repeat.
    /// </summary>
    void AnnounceDrain();

    /// <summary>Whether the rooms have ended before the node was told to stop: the cluster has put it out.</summary>
    bool HasEnded { get; }

    /// <summary>Why this node should get no viewers now; null when it is ready for them.</summary>
    string? NotReady { get; }

    /// <summary>What an operator should look after although viewers are served, as far as this node knows; null when all is well.</summary>
    string? Impaired { get; }
}

/// <summary>A viewer in a room, from the side of its socket. Thread-safe; nothing here blocks.</summary>
public interface IViewer
{
    /// <summary>Posts; the answer comes through the outbox. The caller has limited the rate.</summary>
    void Post(Post post);

    /// <summary>
    /// Closes the outbox when it has been given what the viewer has posted, at the latest when its posts can be accepted no more. What it posts
    /// meanwhile is dropped. Repeating it is safe; the first reason counts.
    /// </summary>
    /// <returns>Ends when that is done, or when there is nobody to do it.</returns>
    Task CloseAsync(CloseReason reason);

    /// <summary>The socket has ended. Repeating it is safe.</summary>
    void Leave();
}

/// <summary>Who comes in, and with what.</summary>
/// <param name="Name">The name it posts under.</param>
/// <param name="Last">The last position it has, if it comes back.</param>
/// <param name="History">How many of the newest danmaku it wants otherwise.</param>
public sealed record JoinRequest(RoomId Room, string Name, WireFormat Format, Position? Last, int History)
{
    /// <summary>The rate at which it posts, so that repeats cost it nothing; null when nobody counts.</summary>
    public PostRate? Rate { get; init; }

    /// <summary>
    /// What its room refuses, for a format that has no word for that: one too many closes it. Null for a format that has.
    /// </summary>
    public ViolationWindow? Refusals { get; init; }

    /// <summary>Who it is; null where nobody has asked.</summary>
    public Identity? Identity { get; init; }

    /// <summary>As <see cref="AdmissionResult.Admitted.ToKeep"/>.</summary>
    public string? ToKeep { get; init; }

    /// <summary>Its client's mark (<see cref="ClientMarks"/>), by which a full room knows who posts much; 0 when nobody knows.</summary>
    public int Source { get; init; }
}

/// <summary>The cluster as one node sees it.</summary>
/// <param name="Node">The node that says so.</param>
public sealed record ClusterStatus(string Node, IReadOnlyList<ClusterMember> Members);

/// <param name="Address">Shown to operators only.</param>
/// <param name="Status">Joining, Up, Leaving, Exiting, Down or Unreachable.</param>
/// <param name="Rooms">Rooms open on it: those it is the origin of plus those it has viewers in.</param>
/// <param name="Viewers">People connected to it.</param>
public sealed record ClusterMember(string Name, string Address, IReadOnlyList<string> Roles, string Status, long Rooms, long Viewers)
{
    /// <summary>Where viewers reach it, and only it, by http or https; null when that is not known.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Where other nodes reach it over HTTP; null when that is not known.</summary>
    public Uri? HttpUrl { get; init; }

    /// <summary>Whether it lets viewers in: an edge that is up, ready and not draining.</summary>
    public bool TakesViewers { get; init; }
}
