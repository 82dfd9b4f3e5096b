using System.Net;
using Danmaku.Actors;
using Danmaku.Actors.Cluster;
using Danmaku.Actors.Tls;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Node.Options;
using Danmaku.Storage.Sqlite;

namespace Danmaku.Node.Rooms;

/// <summary>Registers the implementation of <see cref="IRooms"/>: the actors of the cluster and their store.</summary>
internal static class RoomsRegistration
{
    /// <exception cref="SettingsException">This machine is not in the cluster's network, or a seed cannot be found.</exception>
    public static void AddRooms(IServiceCollection services, NodeSettings settings) => AddRooms(services, settings, RoomStore.OpenAsync);

    /// <param name="open">Opens the store of an origin.</param>
    /// <exception cref="SettingsException">This machine is not in the cluster's network, or a seed cannot be found.</exception>
    public static void AddRooms(IServiceCollection services, NodeSettings settings, Func<NodeSettings, Task<IRoomStore>> open)
    {
        try
        {
            var actors = ToActors(settings);
            var http = new HttpAddress(settings, actors.Address);
            services.AddSingleton(http);
            services.AddHostedService<HttpAddress.Watcher>();
            actors = actors with { HttpUrl = () => http.Url };
            var store = settings.Node.RoleList.Contains(ClusterRoles.Origin) ? open(settings).GetAwaiter().GetResult() : null;
            var shared = store is null ? null : new SharedRoomStore(store);
            if (store is not null)
            {
                // Services stop in reverse order: the actors first, then their store.
                services.AddHostedService(_ => new StoreService(store));
                services.AddSingleton(shared!.History);
                if (store is SqliteRoomStore sqlite)
                {
                    services.AddSingleton(sqlite);
                }
            }

            services.AddHostedService(provider => new ActorSystemStart(provider, actors));
            services.AddDanmakuActors(actors, shared);
        }
        catch (InvalidOperationException error)
        {
            throw new SettingsException(error.Message, error);
        }
    }

    private static ActorSettings ToActors(NodeSettings settings)
    {
        var (node, connection, room, cluster, store, _, _) = settings;
        var networks = cluster.NetworkList;
        return new ActorSettings(
            Name: node.NodeName,
            Roles: node.RoleList,
            Address: NodeAddress.In(networks),
            Port: cluster.PortOrDefault,
            Seeds: NodeAddress.ResolveSeedsAsync(cluster.SeedList, networks, Dns.GetHostAddressesAsync).GetAwaiter().GetResult(),
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
            Certificate = cluster.Tls is { IsEnabled: true } tls
                ? NodeCertificate.Read(tls.Certificate, tls.Key, tls.CertificateAuthority, TimeProvider.System)
                : null,
            JoinTimeout = cluster.JoinTimeout,
            KnownNodesFile = Path.Combine(Path.GetFullPath(node.DataDirectory), "nodes"),
        };
    }
}
