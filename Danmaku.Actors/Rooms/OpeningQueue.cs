using Danmaku.Core.Rooms;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// How a room comes to be open: how many messages may wait for that, after which epoch the next one begins, and when the room may open again.
/// </summary>
internal sealed class OpeningQueue(TimeProvider time)
{
    /// <summary>Most messages that wait. Edges repeat what is dropped; posts beyond it are refused.</summary>
    public const int MaxWaiting = 4096;

    /// <summary>How long a client waits with a post for a room whose store is away.</summary>
    private static readonly TimeSpan RetryWhenAway = TimeSpan.FromSeconds(1);

    /// <summary>How long an edge or a client waits before it asks a full origin again.</summary>
    private static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(5);

    private int _waiting;
    private long _openedAt;

    /// <summary>How long a room waits before it tries again to open.</summary>
    public static TimeSpan ReopenAfter { get; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The latest epoch that the origin or an edge knows: the next one begins after it.</summary>
    public long KnownEpoch { get; private set; }

    public bool IsEmpty => _waiting == 0;

    /// <summary>
    /// Whether the room may open again at once. It may not soon after it opened: two owners would take it from each other as fast as they can.
    /// </summary>
    public bool MayOpenAtOnce => time.GetElapsedTime(_openedAt) >= ReopenAfter;

    /// <summary>Whether a message needs the room to be open.</summary>
    public static bool Needs(IRoomMessage message) => message is AttachEdge or FetchRange or ReadHistory or SubmitPost;

    /// <summary>The newest epoch that the sender knows; 0 when it knows none.</summary>
    public static long EpochIn(IRoomMessage message) => message switch
    {
        AttachEdge attach => attach.Have.Epoch,
        FetchRange fetch => fetch.Range.Epoch,
        ReadHistory read => read.KnownEpoch,
        SubmitPost submit => submit.KnownEpoch,
        _ => 0,
    };

    /// <summary>Refuses a post while the room's store is away, or too much waits. One that was sent before may have been accepted then.</summary>
    public static PostAnswer RefuseAway(SubmitPost submit) => Refuse(submit, RejectReason.Unavailable, RetryWhenAway);

    /// <summary>Refuses a post for a room that has no place on this origin. One that was sent before may have been accepted then.</summary>
    public static PostAnswer RefuseFull(SubmitPost submit) => Refuse(submit, RejectReason.RoomLimit, RetryWhenFull);

    /// <summary>A message is to wait until the room is open.</summary>
    /// <returns>Whether there is place for it.</returns>
    public bool TryAdd(IRoomMessage message)
    {
        Learn(EpochIn(message));
        if (_waiting == MaxWaiting)
        {
            return false;
        }

        _waiting++;
        return true;
    }

    public void Learn(long epoch) => KnownEpoch = Math.Max(KnownEpoch, epoch);

    /// <summary>Nothing waits any more.</summary>
    public void Clear() => _waiting = 0;

    public void Opened() => _openedAt = time.GetTimestamp();

    private static PostAnswer Refuse(SubmitPost submit, RejectReason reason, TimeSpan retryAfter) =>
        submit.Post.Again ? submit.Unknown() : submit.Refused(reason, retryAfter);
}
