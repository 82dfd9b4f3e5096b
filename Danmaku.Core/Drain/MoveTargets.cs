using Danmaku.Core.Rooms;

namespace Danmaku.Core.Drain;

/// <summary>To which other edge each viewer of one that stops is sent.</summary>
/// <remarks>
/// Of two edges chosen at random the one with fewer viewers: that balances, and still spreads when several edges stop together, or when
/// what they know of each other is seconds old. Not thread-safe; it has one owner.
/// </remarks>
/// <param name="random">0 to 1, without 1.</param>
public sealed class MoveTargets(Func<double> random)
{
    /// <summary>Viewers of each edge when it was first seen here, and those sent there since. As many as there were edges meanwhile.</summary>
    private readonly Dictionary<Uri, long> _viewers = [];

    /// <summary>Chooses for one more viewer.</summary>
    /// <returns>Another edge's public address; null when none is known, and any will do.</returns>
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
