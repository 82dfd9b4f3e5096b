using Danmaku.Core.Rooms;

namespace Danmaku.Core.Drain;

/// <summary>Chooses the edge to which a stopping edge sends each viewer.</summary>
/// <remarks>
/// Takes the one with fewer viewers of two random edges. That balances the load. It also spreads viewers when several edges stop together, or when the numbers
/// of viewers are seconds old. Not thread-safe; it has one owner.
/// </remarks>
/// <param name="random">At least 0 and less than 1.</param>
public sealed class MoveTargets(Func<double> random)
{
    /// <summary>For each edge: its viewers when it was first seen here, plus those sent there since. One entry for each edge seen meanwhile.</summary>
    private readonly Dictionary<Uri, long> _viewers = [];

    /// <summary>Chooses an edge for one more viewer.</summary>
    /// <returns>Another edge's public address; null when none is known; then any edge will do.</returns>
    public Uri? Next(ClusterStatus cluster)
    {
        ClusterMember[] edges = [.. cluster.Members.Where(member => member is { TakesViewers: true, PublicUrl: not null } && member.Name != cluster.Node)];
        if (edges.Length == 0)
        {
            return null;
        }

        var (one, other) = (Pick(edges), Pick(edges));
        var chosen = _viewers[one] <= _viewers[other] ? one : other;
        _viewers[chosen]++;
        return chosen;
    }

    private Uri Pick(ClusterMember[] edges)
    {
        var edge = edges[(int)(random() * edges.Length)];
        _viewers.TryAdd(edge.PublicUrl!, edge.Viewers);
        return edge.PublicUrl!;
    }
}
