using Akka.Cluster;

namespace Danmaku.Actors.Cluster;

internal static class ClusterStates
{
    /// <summary>
    /// Whether no node on this side can reach a member: some node reports it as unreachable, and it has not seen the newest gossip. Each report makes a new
    /// version of the gossip. A member that crashed, or is on another side of a split, never sees that version; a member with a bad link to some nodes gets it
    /// through the others.
    /// </summary>
    public static bool IsSilent(this ClusterEvent.CurrentClusterState state, Member member) =>
        state.Unreachable.Contains(member) && !state.SeenBy.Contains(member.Address);
}
