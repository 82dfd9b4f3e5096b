using Akka.Actor;
using Danmaku.Actors.Connections;
using Danmaku.Core.Rooms;

namespace Danmaku.Actors.Rooms;

/// <summary>A viewer in its room, with its actor.</summary>
public sealed class RoomViewer(IActorRef actor, JoinRequest request, Viewer viewer) : RoomMember(request, viewer)
{
    /// <summary>Its <see cref="ConnectionActor"/>.</summary>
    public IActorRef Actor => actor;
}
