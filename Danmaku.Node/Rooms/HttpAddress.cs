using System.Net;
using System.Net.Sockets;
using Danmaku.Actors.Cluster;
using Danmaku.Node.Options;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Danmaku.Node.Rooms;

/// <summary>The address at which edges reach this origin over HTTP; known once it listens.</summary>
/// <param name="node">The address at which other nodes reach this one.</param>
internal sealed class HttpAddress(NodeSettings settings, IPAddress node)
{
    private volatile Uri? _url;

    /// <summary>Null before it listens, and if none of its addresses can be reached from the cluster's network.</summary>
    public Uri? Url => _url;

    /// <summary>The server listens.</summary>
    private void Found(IEnumerable<string> listening) => _url = settings.Cache.AdvertisedUri ?? Of(listening);

    private Uri? Of(IEnumerable<string> listening)
    {
        if (!settings.Node.RoleList.Contains(ClusterRoles.Origin))
        {
            return null;
        }

        return listening.Select(BindingAddress.Parse)
            .Where(url => url.Scheme == Uri.UriSchemeHttp && IsReachedAt(url.Host))
            .Select(url => new UriBuilder(url.Scheme, NodeAddress.ToHost(node), url.Port).Uri)
            .FirstOrDefault();
    }

    /// <summary>Whether a server that listens on this host can be reached at the node's own address.</summary>
    private bool IsReachedAt(string host)
    {
        if (!IPAddress.TryParse(host.Trim('[', ']'), out var address))
        {
            // For Kestrel any name but localhost, such as + or *, means all addresses.
            return host != "localhost" || IPAddress.IsLoopback(node);
        }

        return address.Equals(node)
            || address.Equals(IPAddress.IPv6Any)
            || (address.Equals(IPAddress.Any) && node.AddressFamily == AddressFamily.InterNetwork);
    }

    /// <summary>Reads the server's addresses once it listens.</summary>
    internal sealed class Watcher(HttpAddress address, IHostApplicationLifetime lifetime, IServer server) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.ApplicationStarted.Register(() => address.Found(server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []));
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
