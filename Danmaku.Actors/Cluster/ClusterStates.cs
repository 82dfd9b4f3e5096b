using Akka.Cluster;

namespace Danmaku.Actors.Cluster;

internal static class ClusterStates
{
    /// <summary>
    /// Whether nobody on this side hears a member: somebody reports it as unreachable, and it has not seen the newest gossip. A report
    /// makes a new version of that, which a node that crashed or is on another side of a split never sees. One that has a bad link to
    /// some of the others sees it through the rest.
    /// </summary>
    public static bool IsSilent(this ClusterEvent.CurrentClusterState state, Member member) =>
        state.Unreachable.Contains(member) && !state.SeenBy.Contains(member.Address);
}
