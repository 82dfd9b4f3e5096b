using Danmaku.Actors.Rooms;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;

namespace Danmaku.Actors.Purging;

/// <summary>Messages between the <see cref="PurgeActor"/>s of the nodes.</summary>
public static class PurgeProtocol
{
    /// <summary>To all nodes: remove this from your cache. Answered with <see cref="CachesPurged"/>; safe to repeat, and repeated.</summary>
    /// <param name="Id">Returned in the answer.</param>
    public sealed record PurgeCaches(long Id, PurgeOrder Order) : IWireMessage;

    /// <param name="Address">The node's address in the cluster.</param>
    /// <param name="Name">Shown to operators.</param>
    /// <param name="Entries">How many stored responses were removed.</param>
    public sealed record CachesPurged(long Id, string Address, string Name, int Entries) : IWireMessage;

    /// <summary>To an origin: give the room's history a new revision. Answered with <see cref="RoomRevised"/>; each request gives another one.</summary>
    public sealed record ReviseRoom(long Id, RoomId Room) : IWireMessage;

    /// <param name="Revision">The new revision; null when the store does not know the room.</param>
    /// <param name="IsDone">False when the store could not be reached.</param>
    public sealed record RoomRevised(long Id, long? Revision, bool IsDone) : IWireMessage;
}
