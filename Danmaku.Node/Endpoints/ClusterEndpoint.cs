using Danmaku.Core.Rooms;
using Danmaku.Node.Options;

namespace Danmaku.Node.Endpoints;

/// <param name="Node">The node that says so.</param>
internal sealed record ClusterReply(string Node, IReadOnlyList<MemberReply> Members);

/// <param name="Status">Joining, Up, Leaving, Exiting, Down or Unreachable.</param>
/// <param name="Rooms">Rooms open on it.</param>
/// <param name="Viewers">People connected to it.</param>
/// <param name="TakesViewers">Whether it is an edge that lets viewers in.</param>
/// <param name="PublicUrl">Where viewers reach it, and only it, where that is known.</param>
/// <param name="Address">For operators only.</param>
internal sealed record MemberReply(
    string Name, IReadOnlyList<string> Roles, string Status, long Rooms, long Viewers, bool TakesViewers, Uri? PublicUrl, string? Address);

/// <summary><c>GET /api/cluster</c> (docs/protocol.md §9).</summary>
internal sealed class ClusterEndpoint(NodeSettings settings, IRooms rooms)
{
    public ClusterReply Get(HttpContext context)
    {
        var isOperator = context.Request.Holds(settings.Node.OperatorKey);
        var status = rooms.Status;
        return new ClusterReply(status.Node, [.. status.Members.Select(member => new MemberReply(
            member.Name, member.Roles, member.Status, member.Rooms, member.Viewers, member.TakesViewers, member.PublicUrl, isOperator ? member.Address : null))]);
    }
}
