using Danmaku.Core.Rooms;
using Danmaku.Node.Options;
#if CLUSTER
using System.Net;
using Danmaku.Actors;
using Danmaku.Actors.Cluster;
using Danmaku.Core.Storage;
#else
using Danmaku.Node.Local;
#endif

namespace Danmaku.Node.Rooms;

/// <summary>What stands behind <see cref="IRooms"/>: the one place where a build with a cluster differs from one without.</summary>
internal static class RoomsRegistration
{
#if CLUSTER
    /// <exception cref="SettingsException">This machine is not in the cluster's network, or a seed cannot be found.</exception>
    public static void AddRooms(IServiceCollection services, NodeSettings settings)
    {
        try
        {
            var http = new HttpAddress(settings);
            services.AddSingleton(http);
            services.AddHostedService<HttpAddress.Watcher>();
            var actors = ToActors(settings) with { HttpUrl = () => http.Url };
            var store = settings.Node.RoleList.Contains("origin") ? RoomStore.OpenAsync(settings).GetAwaiter().GetResult() : null;
            if (store is not null)
            {
                // Services stop in the reverse order: the actors first, then what they write to.
                services.AddHostedService(_ => new StoreService(store));
                services.AddSingleton(store);
            }

            services.AddHostedService(provider => new ActorSystemStart(provider, actors));
            services.AddDanmakuActors(actors, store);
        }
        catch (InvalidOperationException error)
        {
            throw new SettingsException(error.Message, error);
        }
    }

    private static ActorSettings ToActors(NodeSettings settings)
    {
        var (node, connection, room, cluster, store, _) = settings;
        var network = cluster.NetworkOrNull;
        return new ActorSettings(
            Name: node.NodeName,
            Roles: node.RoleList,
            Address: network is { } inside ? NodeAddress.In(inside) : IPAddress.Loopback,
            Port: cluster.PortOrDefault,
            Seeds: NodeAddress.ResolveSeedsAsync(cluster.Seeds, network, Dns.GetHostAddressesAsync).GetAwaiter().GetResult(),
            RoomLimits: room.ToLimits(store),
            ViewerLimits: connection.ToLimits(),
            FlushEvery: room.FlushEvery,
            FlushAtLatest: room.FlushAtLatest,
            Heartbeat: connection.Heartbeat,
            MaxEdgeRooms: room.MaxRoomsPerEdge,
            MaxOriginRooms: room.MaxRoomsPerOrigin,
            IdleAfter: room.IdleAfter)
        {
            MaxPendingPosts = connection.MaxPendingPostsPerEdge,
            MaxUnsaved = store.MaxUnsavedPerOrigin,
            Retention = new Retention(store.MaxComments, store.MaxAge) { MinAge = room.PostIdWindow },
            PublicUrl = node.PublicUri,
            OrphanAfter = cluster.OrphanAfter,
            KnownNodesFile = Path.Combine(Path.GetFullPath(node.DataDirectory), "nodes"),
        };
    }
#else
    public static void AddRooms(IServiceCollection services, NodeSettings settings) => services.AddSingleton<IRooms, LocalRooms>();
#endif
}
