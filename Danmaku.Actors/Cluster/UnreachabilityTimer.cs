namespace Danmaku.Actors.Cluster;

/// <summary>Measures how long each of several peers has been silent without a break. Not thread-safe.</summary>
/// <param name="enough">After this time a peer counts as lost.</param>
public sealed class UnreachabilityTimer<TId>(TimeSpan enough, TimeProvider time)
    where TId : notnull
{
    private Dictionary<TId, long> _since = [];

    /// <summary>Sets which peers are silent now. All others have been heard, or are forgotten.</summary>
    public void Observe(IEnumerable<TId> silent)
    {
        var now = time.GetTimestamp();
        _since = silent.ToDictionary(id => id, id => _since.GetValueOrDefault(id, now));
    }

    public PeerState Of(TId id) =>
        !_since.TryGetValue(id, out var since) ? PeerState.Here
        : time.GetElapsedTime(since) < enough ? PeerState.Suspected
        : PeerState.Lost;
}
