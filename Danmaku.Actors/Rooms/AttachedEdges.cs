using Akka.Actor;

namespace Danmaku.Actors.Rooms;

/// <summary>The edges that have viewers of one room, and how many.</summary>
internal sealed class AttachedEdges(TimeProvider time)
{
    /// <summary>Edges say every 30 s that they are there; one that did not for this long is gone.</summary>
    private static readonly TimeSpan Expiry = TimeSpan.FromSeconds(95);

    /// <summary>Most edges of one room that are known; more are answered, and their viewers not counted.</summary>
    public const int MaxEdges = 1000;

    private readonly Dictionary<IActorRef, (int Viewers, long SeenAt)> _edges = [];

    /// <summary>Whether it is one of them, or there is place for it.</summary>
    public bool Takes(IActorRef edge) => _edges.Count < MaxEdges || _edges.ContainsKey(edge);

    public bool IsEmpty => _edges.Count == 0;

    /// <summary>People in the room, over all edges.</summary>
    public long Viewers => _edges.Values.Sum(edge => (long)edge.Viewers);

    /// <returns>Whether something has changed.</returns>
    public bool Count(IActorRef edge, int viewers)
    {
        var hasChanged = !_edges.TryGetValue(edge, out var known) || known.Viewers != viewers;
        _edges[edge] = (viewers, time.GetTimestamp());
        return hasChanged;
    }

    public void Seen(IActorRef edge)
    {
        if (_edges.TryGetValue(edge, out var known))
        {
            _edges[edge] = known with { SeenAt = time.GetTimestamp() };
        }
    }

    public bool Remove(IActorRef edge) => _edges.Remove(edge);

    public IReadOnlyList<IActorRef> Expired() =>
        [.. _edges.Where(edge => time.GetElapsedTime(edge.Value.SeenAt) > Expiry).Select(edge => edge.Key)];
}
