using Danmaku.Core.Rooms;
using Danmaku.Node.Options;

namespace Danmaku.Node.Endpoints;

/// <param name="Node">The node that reports this.</param>
internal sealed record ClusterReply(string Node, IReadOnlyList<MemberReply> Members);

/// <param name="Status">Joining, Up, Leaving, Exiting, Down or Unreachable.</param>
/// <param name="Rooms">Rooms open on it.</param>
/// <param name="Viewers">People connected to it.</param>
/// <param name="TakesViewers">Whether it is an edge that accepts viewers.</param>
/// <param name="PublicUrl">The address at which viewers reach this node and no other, if known.</param>
/// <param name="Address">Only for operators, at their own server.</param>
internal sealed record MemberReply(
    string Name, IReadOnlyList<string> Roles, string Status, long Rooms, long Viewers, bool TakesViewers, Uri? PublicUrl, string? Address);

/// <summary><c>GET /api/cluster</c> (docs/protocol.md §9).</summary>
internal sealed class ClusterEndpoint(NodeSettings settings, IRooms rooms)
{
    public ClusterReply Get() => Describe(areAddressesShown: false);

    /// <summary>For operators: with addresses if the request has the key.</summary>
    public ClusterReply GetWithAddresses(HttpContext context) => Describe(context.Request.Holds(settings.Node.OperatorKey));

    private ClusterReply Describe(bool areAddressesShown) => new(settings.Node.NodeName, [.. rooms.Status.Members.Select(member => new MemberReply(
        member.Name, member.Roles, member.Status, member.Rooms, member.Viewers, member.TakesViewers, member.PublicUrl,
        areAddressesShown ? member.Address : null))]);
}
