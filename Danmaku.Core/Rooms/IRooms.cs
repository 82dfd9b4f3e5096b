using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Wire;

namespace Danmaku.Core.Rooms;

/// <summary>The interface between endpoints and rooms; the cluster's actors implement it.</summary>
public interface IRooms
{
    /// <summary>
    /// Prepares a room, so that a viewer who joins it next misses nothing from now on. If the origin cannot be reached or there is no place for the room, it
    /// completes after a while without an error; the join then reports the problem.
    /// </summary>
    /// <returns>The room's newest position, for the following join; null when it is not known.</returns>
    Task<Position?> OpenAsync(RoomId room, CancellationToken cancellation);

    /// <summary>Lets a viewer join. Everything it is sent, from the welcome on, goes through its outbox.</summary>
    /// <returns>The viewer, or null when this node has no place for the room or does not answer; then the outbox has been closed with the reason.</returns>
    ValueTask<IViewer?> JoinAsync(JoinRequest join, IOutbox outbox, CancellationToken cancellation);

    /// <summary>Posts without being a viewer. Gives up at the post's deadline with <see cref="PostResult.Unknown"/>.</summary>
    /// <param name="source">As <see cref="JoinRequest.Source"/>.</param>
    Task<PostResult> PostAsync(RoomId room, Post post, int source, CancellationToken cancellation);

    /// <summary>The cluster as this node sees it.</summary>
    ClusterStatus Status { get; }

    /// <summary>Tells the other nodes at once that this node accepts no more viewers, so that none of them sends viewers here. Safe to repeat.</summary>
    void AnnounceDrain();

    /// <summary>Whether the rooms ended before the node was told to stop: the cluster has removed this node.</summary>
    bool HasEnded { get; }

    /// <summary>Why this node should get no viewers now; null when it is ready for them.</summary>
    string? NotReady { get; }

    /// <summary>A problem that an operator should fix although viewers are served; null when there is none.</summary>
    string? Impaired { get; }
}

/// <summary>A viewer in a room, as its socket sees it. Thread-safe; nothing here blocks.</summary>
public interface IViewer
{
    /// <summary>Posts. The answer comes through the outbox. The caller limits the rate.</summary>
    void Post(Post post);

    /// <summary>
    /// Closes the outbox once it has received the viewer's own posts, at the latest when these can no longer be accepted. Later posts are dropped. Safe to
    /// repeat; the first reason counts.
    /// </summary>
    /// <returns>Completes when the outbox is closed, or when the room has ended.</returns>
    Task CloseAsync(CloseReason reason);

    /// <summary>The socket has ended. Safe to repeat.</summary>
    void Leave();
}

/// <summary>A viewer's request to join.</summary>
/// <param name="Name">The name under which it posts.</param>
/// <param name="Last">Its last position, if it comes back.</param>
/// <param name="History">How many of the newest danmaku it wants if it is new.</param>
public sealed record JoinRequest(RoomId Room, string Name, WireFormat Format, Position? Last, int History)
{
    /// <summary>Its post rate, so that repeats cost it nothing; null when there is no limit.</summary>
    public PostRate? Rate { get; init; }

    /// <summary>Counts refusals, for a format that has no message for them: one too many closes the connection. Null for formats that have one.</summary>
    public ViolationWindow? Refusals { get; init; }

    /// <summary>Who it is; null where nobody has asked.</summary>
    public Identity? Identity { get; init; }

    /// <summary>As <see cref="AdmissionResult.Admitted.ToKeep"/>.</summary>
    public string? ToKeep { get; init; }

    /// <summary>Its client's mark (<see cref="ClientMarks"/>), by which a full room recognises clients that post much; 0 when unknown.</summary>
    public int Source { get; init; }
}

/// <summary>The cluster as one node sees it.</summary>
/// <param name="Node">The node that reports this.</param>
public sealed record ClusterStatus(string Node, IReadOnlyList<ClusterMember> Members);

/// <param name="Address">Shown to operators only.</param>
/// <param name="Status">Joining, Up, Leaving, Exiting, Down or Unreachable.</param>
/// <param name="Rooms">Rooms open on it: those of which it is the origin plus those in which it has viewers.</param>
/// <param name="Viewers">People connected to it.</param>
public sealed record ClusterMember(string Name, string Address, IReadOnlyList<string> Roles, string Status, long Rooms, long Viewers)
{
    /// <summary>The address at which viewers reach this node and no other, http or https; null when unknown.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>The address at which other nodes reach it over HTTP; null when unknown.</summary>
    public Uri? HttpUrl { get; init; }

    /// <summary>Whether it accepts viewers: an edge that is up, ready and not draining.</summary>
    public bool TakesViewers { get; init; }
}
