using Akka.Actor;

namespace Danmaku.Actors.Rooms;

/// <summary>State of a room on an edge that its connections read without a message. The room is the one writer; any thread may read.</summary>
public sealed class SharedRoomState
{
    private long _epoch;
    private bool _isFlushDue;
    private Address? _origin;

    /// <summary>The node that has the room; null while it is not known, or if it is this node.</summary>
    public Address? Origin
    {
        get => Volatile.Read(ref _origin);
        internal set => Volatile.Write(ref _origin, value);
    }

    /// <summary>The newest epoch that this edge knows.</summary>
    public long Epoch
    {
        get => Volatile.Read(ref _epoch);
        internal set => Volatile.Write(ref _epoch, value);
    }

    /// <summary>
    /// Whether all live viewers are about to get a batch. A frame that is written for later while this is true, and still true afterwards, goes out with
    /// that batch.
    /// </summary>
    public bool IsFlushDue
    {
        get => Volatile.Read(ref _isFlushDue);
        internal set => Volatile.Write(ref _isFlushDue, value);
    }
}
