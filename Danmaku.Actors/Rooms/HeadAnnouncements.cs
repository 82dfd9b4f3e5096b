using Akka.Actor;
using Danmaku.Core.Rooms;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomSignals;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// Publishes the head of an open room once a second until nothing has changed for a while, so that edges notice when the last danmaku are missing.
/// </summary>
internal sealed class HeadAnnouncements(RoomId id, Room room, AttachedEdges edges, OriginContext origin, ITimerScheduler timers)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>How long after the last change a room goes on.</summary>
    private static readonly TimeSpan Active = TimeSpan.FromSeconds(10);

    private long _activeAt;

    /// <summary>Something has changed.</summary>
    public void StayActive()
    {
        _activeAt = origin.Time.GetTimestamp();
        if (!timers.IsTimerActive(nameof(Announce)))
        {
            timers.StartPeriodicTimer(nameof(Announce), Announce.Instance, Every);
        }
    }

    public void OnAnnounce()
    {
        origin.Publisher.Publish(new HeadNote(id, room.Head, edges.Viewers));
        if (origin.Time.GetElapsedTime(_activeAt) > Active)
        {
            End();
        }
    }

    public void End() => timers.Cancel(nameof(Announce));
}
