namespace Danmaku.Actors.Cluster;

/// <summary>Whether a member can be reached, from one node's side.</summary>
public enum PeerState
{
    /// <summary>It is on this side.</summary>
    Here,

    /// <summary>It has been silent, but not long enough to act.</summary>
    Suspected,

    /// <summary>It crashed, or is on the other side of a split; nobody can know which.</summary>
    Lost,
}

/// <summary>A member of the cluster as one node sees it.</summary>
/// <param name="Id">The same on all nodes; <see cref="SplitBrainStrategy"/> uses its order.</param>
/// <param name="Counts">Whether it has joined and not left. A member that is still joining has no vote.</param>
public sealed record Peer<TId>(TId Id, bool IsOrigin, bool Counts, PeerState State)
    where TId : IComparable<TId>;

/// <summary>Decides which members to remove when some cannot be reached.</summary>
/// <remarks>
/// Only origins have a vote, because only they keep rooms; edges come and go, many at a time. The side with at least half of the origins stays. Half is enough,
/// because the crash of one of two origins leaves exactly half. The price: in a real split between halves both stay, until they meet again
/// (<see cref="SplitHealer"/>). The store lets only one of them write to a room at a time.
/// </remarks>
public static class SplitBrainStrategy
{
    /// <summary>The members that this node must remove. On each side only the first origin acts.</summary>
    /// <returns>The members to remove, possibly this node itself; empty when there are none, or when another node acts.</returns>
    public static IReadOnlyList<TId> Decide<TId>(IReadOnlyCollection<Peer<TId>> members, TId self)
        where TId : IComparable<TId>
    {
        var origins = members.Where(peer => peer is { IsOrigin: true, Counts: true }).OrderBy(peer => peer.Id).ToArray();
        var here = origins.Where(peer => peer.State == PeerState.Here).ToArray();
        var isOurs = here is [var first, ..] && first.Id.CompareTo(self) == 0;
        if (!isOurs || origins.Any(peer => peer.State == PeerState.Suspected))
        {
            return [];
        }

        var lost = members.Where(peer => peer.State == PeerState.Lost).ToArray();
        var leaving = 2 * here.Length >= origins.Length ? lost : members.Except(lost);
        return [.. leaving.Select(peer => peer.Id)];
    }

    /// <summary>
    /// Whether this side has exactly half of the origins and fewer than half of all members. Then it waits longer than the other side, if there is one: so it
    /// learns that it was removed before it goes on alone.
    /// </summary>
    public static bool IsWeakHalf<TId>(IReadOnlyCollection<Peer<TId>> members)
        where TId : IComparable<TId>
    {
        var counted = members.Where(peer => peer.Counts).ToArray();
        var origins = counted.Where(peer => peer.IsOrigin).ToArray();
        return 2 * origins.Count(IsHere) == origins.Length && 2 * counted.Count(IsHere) < counted.Length;

        static bool IsHere(Peer<TId> peer) => peer.State == PeerState.Here;
    }

    /// <summary>
    /// Whether this part of a cluster must end because another part runs without it. The part with more seeds stays; if both have as many, the part with the
    /// first seed. So of two parts that see each other exactly one ends.
    /// </summary>
    /// <param name="own">The seeds in this part, by their places in the list.</param>
    /// <param name="apart">The seeds that run in another part.</param>
    public static bool GivesWay(IReadOnlyCollection<int> own, IReadOnlyCollection<int> apart) =>
        apart.Count > own.Count || (apart.Count > 0 && apart.Count == own.Count && apart.Min() < own.Min());
}
