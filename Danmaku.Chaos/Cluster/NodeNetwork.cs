using System.Net;

namespace Danmaku.Chaos.Cluster;

/// <summary>Where the nodes of a cluster on this machine listen, and what can be done to the links between them.</summary>
public abstract class NodeNetwork : IAsyncDisposable
{
    /// <summary>The network in which nodes talk.</summary>
    public abstract string Cidr { get; }

    /// <summary>Where the nodes reach what runs beside them on this machine.</summary>
    public abstract IPAddress Host { get; }

    /// <summary>Why links cannot be cut here; null when they can.</summary>
    public abstract string? WhyNoCut { get; }

    public abstract IPEndPoint Http(int node);

    public abstract IPEndPoint Remoting(int node);

    /// <summary>What is to stand before a command so that it runs as that node.</summary>
    public abstract IReadOnlyList<string> Prefix(int node);

    /// <summary>Lets nothing pass between one node and all others, in both directions. Viewers and the store still reach it.</summary>
    public abstract Task CutAsync(int node);

    public abstract Task MendAsync(int node);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

/// <summary>All nodes on 127.0.0.1, each with ports of its own.</summary>
public sealed class LoopbackNetwork(int nodes, string whyNoCut) : NodeNetwork
{
    private readonly IPEndPoint[] _endpoints =
        [.. Enumerable.Range(0, 2 * nodes).Select(_ => new IPEndPoint(IPAddress.Loopback, Ports.Free(IPAddress.Loopback)))];

    public override string Cidr => "127.0.0.1/32";

    public override IPAddress Host => IPAddress.Loopback;

    public override string? WhyNoCut => whyNoCut;

    public override IPEndPoint Http(int node) => _endpoints[node];

    public override IPEndPoint Remoting(int node) => _endpoints[nodes + node];

    public override IReadOnlyList<string> Prefix(int node) => [];

    public override Task CutAsync(int node) => throw new NotSupportedException(whyNoCut);

    public override Task MendAsync(int node) => throw new NotSupportedException(whyNoCut);
}
