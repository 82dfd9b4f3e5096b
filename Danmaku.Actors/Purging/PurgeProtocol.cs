using Danmaku.Actors.Rooms;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;

namespace Danmaku.Actors.Purging;

/// <summary>What the <see cref="PurgeActor"/>s of the nodes say to each other.</summary>
public static class PurgeProtocol
{
    /// <summary>To all nodes: empty your cache of this. Answered with <see cref="CachesPurged"/>; safe to repeat, and repeated.</summary>
    /// <param name="Id">Given back in the answer.</param>
    public sealed record PurgeCaches(long Id, PurgeOrder Order) : IWireMessage;

    /// <param name="Address">The node's in the cluster.</param>
    /// <param name="Name">Shown to operators.</param>
    /// <param name="Entries">How many stored responses are gone.</param>
    public sealed record CachesPurged(long Id, string Address, string Name, int Entries) : IWireMessage;

    /// <summary>To an origin: give the room's history a new revision. Answered with <see cref="RoomRevised"/>; each time gives another one.</summary>
    public sealed record ReviseRoom(long Id, RoomId Room) : IWireMessage;

    /// <param name="Revision">The new one; null when the store does not know the room.</param>
    /// <param name="IsDone">False when the store could not be reached.</param>
    public sealed record RoomRevised(long Id, long? Revision, bool IsDone) : IWireMessage;
}
