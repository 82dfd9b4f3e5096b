using Akka.Actor;
using Danmaku.Actors.Connections;
using Danmaku.Core.Rooms;

namespace Danmaku.Actors.Rooms;

/// <summary>A viewer in its room.</summary>
public sealed class RoomViewer(IActorRef actor, JoinRequest request, Viewer viewer)
{
    public const int NotLive = -1;

    /// <summary>Its <see cref="ConnectionActor"/>.</summary>
    public IActorRef Actor => actor;

    public JoinRequest Request => request;

    public Viewer Viewer => viewer;

    /// <summary>Its index in <see cref="Subscribers"/>.</summary>
    public int Place { get; set; } = NotLive;

    /// <summary>Whether it gets what all get.</summary>
    public bool IsLive => Place != NotLive;
}
