using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;
using Danmaku.Node.Options;

namespace Danmaku.Node.Endpoints;

/// <summary>Bounds the rooms that each client opens, before an origin is asked for one. Thread-safe.</summary>
internal sealed class RoomGate(NodeSettings settings, TimeProvider time)
{
    private readonly OpenRooms _rooms = new(
        settings.Connection.RoomsPerAddress is > 0 and var most ? most : int.MaxValue,
        Unlimited.IfZero(settings.Connection.RoomsPerSecond, settings.Connection.RoomsPerSecond),
        Unlimited.IfZero(settings.Connection.RoomsPerSecond, settings.Connection.RoomBurst),
        settings.Room.IdleAfter,
        time);

    /// <summary>As <see cref="OpenRooms.Enter"/>.</summary>
    public TimeSpan? Enter(RoomId room, IPAddress address) => _rooms.Enter(room, settings.Connection.ClientOf(address));

    /// <summary>As <see cref="OpenRooms.Leave"/>.</summary>
    public void Leave(RoomId room) => _rooms.Leave(room);

    /// <summary>As <see cref="OpenRooms.Visit"/>.</summary>
    public TimeSpan? Visit(RoomId room, IPAddress address) => _rooms.Visit(room, settings.Connection.ClientOf(address));
}
