namespace Danmaku.Actors.Cluster;

/// <summary>How long each of several peers has been silent without a break. Not thread-safe.</summary>
/// <param name="enough">After so long it is taken for lost.</param>
public sealed class UnreachabilityTimer<TId>(TimeSpan enough, TimeProvider time)
    where TId : notnull
{
    private Dictionary<TId, long> _since = [];

    /// <summary>Takes in who is silent now. Who is not named has been heard, or is forgotten.</summary>
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
