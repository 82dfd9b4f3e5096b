namespace Danmaku.Actors.Cluster;

/// <summary>Whether a member can be reached, from one node's side.</summary>
public enum PeerState
{
    /// <summary>It is on this side.</summary>
    Here,

    /// <summary>It has been silent for too short a time to act on it.</summary>
    Suspected,

    /// <summary>It crashed, or is on the other side of a split: which of the two nobody can know.</summary>
    Lost,
}

/// <summary>A member of the cluster as one node sees it.</summary>
/// <param name="Id">The same on all nodes; <see cref="SplitBrainStrategy"/> goes by its order.</param>
/// <param name="Counts">Whether it has come in and not gone yet. One that is still joining has no say.</param>
public sealed record Peer<TId>(TId Id, bool IsOrigin, bool Counts, PeerState State)
    where TId : IComparable<TId>;

/// <summary>Who is put out of the cluster when some of its members cannot be reached.</summary>
/// <remarks>
/// Only origins have a say, since only they keep rooms: edges come and go, many at a time. The side with at least half of the
/// origins stays. Half is enough because the crash of one of two origins leaves just that; the price is that both halves of a
/// real split stay, until they meet again (<see cref="SplitHealer"/>). The store lets one of them write to a room at a time.
/// </remarks>
public static class SplitBrainStrategy
{
    /// <summary>What one node has to do. Of each side one node acts: the first of its origins.</summary>
    /// <returns>Who is to be put out, possibly this node itself; empty when nobody is, or when that is not for this node to say.</returns>
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
    /// Whether this side has just half of the origins and fewer than half of all members. The other side, if there is one, is surer of
    /// itself: this one waits, so that it learns of having been put out before it goes on alone.
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
    /// Whether this part of a cluster gives way to others that go on without it, having put it out or never known it. The one with more
    /// of the seeds stays, or the one with the first of them: of any two parts that see each other one gives way, and only one.
    /// </summary>
    /// <param name="own">Which of the seeds are in this part, by their places in the list.</param>
    /// <param name="apart">Which of them go on elsewhere.</param>
    public static bool GivesWay(IReadOnlyCollection<int> own, IReadOnlyCollection<int> apart) =>
        apart.Count > own.Count || (apart.Count > 0 && apart.Count == own.Count && apart.Min() < own.Min());
}
