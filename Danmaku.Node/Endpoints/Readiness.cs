using Danmaku.Core.Rooms;
using Danmaku.Node.Disks;
using Danmaku.Node.Options;
using Danmaku.Node.Sockets;

namespace Danmaku.Node.Endpoints;

/// <summary>Whether this node is ready for traffic.</summary>
internal sealed class Readiness(NodeSettings settings, SocketRegistry registry, IRooms rooms, DiskWatch disk)
{
    private readonly bool _isEdge = settings.Node.IsEdge;

    /// <summary>Why the node is not ready; null when it is.</summary>
    public string? WhyNot => WhyNoWork ?? rooms.Impaired;

    /// <summary>A problem that an operator should fix before the node is not ready; null when there is none.</summary>
    public string? Warning => disk.Warning;

    /// <summary>Why it accepts no viewers; null when it does.</summary>
    public string? WhyNoViewers => _isEdge ? WhyNoWork : "not an edge";

    private string? WhyNoWork => registry.IsDraining ? "draining" : rooms.NotReady;
}
