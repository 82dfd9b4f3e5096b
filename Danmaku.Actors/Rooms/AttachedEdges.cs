using Akka.Actor;
using Danmaku.Core.Limits;

namespace Danmaku.Actors.Rooms;

/// <summary>The edges that have viewers of one room, how many, and since when there has been none: then the room's slot may go to another room.</summary>
/// <param name="slot">Null when the room has none; then no edge is ever attached.</param>
internal sealed class AttachedEdges(RoomSlots.Slot? slot, TimeProvider time)
{
    /// <summary>Edges say every 30 s that they are there; one that did not for this long is gone.</summary>
    private static readonly TimeSpan Expiry = TimeSpan.FromSeconds(95);

    /// <summary>Most edges of one room that are known; more are answered, and their viewers not counted.</summary>
    public const int MaxEdges = 1000;

    private readonly Dictionary<IActorRef, (int Viewers, long SeenAt)> _edges = [];
    private long _unwatchedSince = time.GetTimestamp();

    public bool IsEmpty => _edges.Count == 0;

    /// <summary>People in the room, over all edges.</summary>
    public long Viewers => _edges.Values.Sum(edge => (long)edge.Viewers);

    /// <summary>An edge is about to attach.</summary>
    public void Expect() => slot?.Watch();

    /// <returns>Whether it is one of those that are known; otherwise there are too many of them.</returns>
    public bool TryCount(IActorRef edge, int viewers, out bool hasChanged)
    {
        var isKnown = _edges.TryGetValue(edge, out var known);
        hasChanged = !isKnown || known.Viewers != viewers;
        if (!isKnown && _edges.Count == MaxEdges)
        {
            return false;
        }

        slot?.Watch();
        _edges[edge] = (viewers, time.GetTimestamp());
        return true;
    }

    public void Seen(IActorRef edge)
    {
        if (_edges.TryGetValue(edge, out var known))
        {
            _edges[edge] = known with { SeenAt = time.GetTimestamp() };
        }
    }

    public void Remove(IActorRef edge)
    {
        if (_edges.Remove(edge))
        {
            Visited();
        }
    }

    /// <summary>Restarts the idle time of a room without edges: the last has gone, or somebody has posted.</summary>
    public void Visited()
    {
        if (IsEmpty)
        {
            _unwatchedSince = time.GetTimestamp();
            slot?.Unwatch();
        }
    }

    public bool HasBeenIdleFor(TimeSpan duration) => IsEmpty && time.GetElapsedTime(_unwatchedSince) >= duration;

    public IReadOnlyList<IActorRef> Expired() =>
        [.. _edges.Where(edge => time.GetElapsedTime(edge.Value.SeenAt) > Expiry).Select(edge => edge.Key)];
}
