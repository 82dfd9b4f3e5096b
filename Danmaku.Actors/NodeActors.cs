using Akka;
using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.DistributedData;
using Akka.Hosting;
using Danmaku.Actors.Clocks;
using Danmaku.Actors.Cluster;
using Danmaku.Actors.Identities;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Purging;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Storage;
using Danmaku.Actors.Tls;
using Danmaku.Core.Clocks;
using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Danmaku.Actors;

/// <summary>Starts the actors of one node: those of every node, and those of its roles.</summary>
internal sealed class NodeActors
{
    private const string ShardTypeName = "room";

    /// <summary>How long a room without viewers stays on an edge, for viewers that reconnect.</summary>
    private static readonly TimeSpan KeepEmptyFor = TimeSpan.FromSeconds(60);

    private readonly IRoomStore? _store;
    private readonly IServiceProvider _services;
    private readonly DanmakuMetrics _metrics;
    private readonly AgreedTime _time;
    private readonly IngressState _ingress = new();
    private readonly NodeStatuses _statuses = new();
    private readonly WireLevel _wire = new();
    private readonly StoreHealth _health;
    private readonly NodeClock _clock;
    private readonly Address[] _seeds;
    private readonly KnownNodes _known;

    /// <param name="services">Has what <see cref="AkkaRegistration.AddDanmakuActors"/> asks for.</param>
    public NodeActors(ActorSettings settings, IRoomStore? store, IServiceProvider services, ILoggerFactory loggerFactory)
    {
        (Settings, _store, _services) = (settings, store, services);
        _metrics = services.GetRequiredService<DanmakuMetrics>();
        _time = services.GetRequiredService<AgreedTime>();
        _health = new StoreHealth(_metrics, _time, loggerFactory.CreateLogger<StoreHealth>());
        _clock = new NodeClock(_time, IsOrigin, loggerFactory.CreateLogger<NodeClock>());
        _seeds = [.. settings.Seeds.Select(seed => new Address(Protocol, AkkaRegistration.SystemName, NodeAddress.ToHost(seed.Host), seed.Port))];
        _known = new KnownNodes(_seeds.Length > 0 && IsOrigin ? settings.KnownNodesFile : null);
    }

    public ActorSettings Settings { get; }

    /// <summary>A role that tells nodes of one store from nodes of another.</summary>
    public IEnumerable<string> StoreRoles => _store is null ? [] : [StoreGuard.RoleOf(_store.Identity)];

    /// <summary>The seeds, and the members of the cluster that this node last knew.</summary>
    public IEnumerable<Address> FirstContacts => _seeds.Union(_known.Read().Select(node => node.WithProtocol(Protocol)));

    private bool IsOrigin => Settings.Roles.Contains(ClusterRoles.Origin);

    private string Protocol => Settings.Certificate is null ? "akka.tcp" : "akka.ssl.tcp";

    public void AddTo(AkkaConfigurationBuilder akka)
    {
        if (IsOrigin)
        {
            ArgumentNullException.ThrowIfNull(_store);
            AddOrigin(akka, _store);
        }
        else
        {
            akka.WithShardRegionProxy<RoomActor>(ShardTypeName, ClusterRoles.Origin, new RoomExtractor());
        }

        akka.WithActors((system, registry) => Start(system, registry.Get<RoomActor>()));
    }

    private void AddOrigin(AkkaConfigurationBuilder akka, IRoomStore store)
    {
        var (slots, unsaved) = (new RoomSlots(Settings.MaxOriginRooms), new SharedBudget(Settings.MaxUnsaved));
        var publisher = new ReplicationPublisher(_metrics, _time);
        OriginContext? origin = null;
        akka.WithActors((system, _) =>
            {
                publisher.Start(system);
                system.ActorOf(Props.Create<StoreGuard>(store.Identity), "store-guard");
                system.ActorOf(Props.Create<StoreTrimmer>(store, Settings.Retention, _health, _clock, _metrics, _time), "store-trimmer");
                var lanes = Enumerable.Range(0, store.Lanes)
                    .Select(i => system.ActorOf(Props.Create<GroupCommitWriter>(store, _health, _time), $"store-{i}"));
                var writer = new OriginStore(store, [.. lanes], _health, _time);
                origin = new OriginContext(Settings.RoomLimits, Settings.IdleAfter, slots, unsaved, writer, _clock, publisher, _metrics, _time)
                {
                    Wire = _wire,
                    Withdrawn = room => system.ActorSelection("/user/" + PurgeActor.ActorName).Tell(new PurgeActor.Withdrawn(room)),
                };
            })
            .AddHocon(ClusterSharding.DefaultConfig().WithFallback(DistributedData.DefaultConfig()), HoconAddMode.Append)
            .WithActors(async (system, registry) =>
            {
                var region = await StartRoomsAsync(system, id => Props.Create<RoomActor>(id, origin!), _clock, _time).ConfigureAwait(false);
                registry.Register<RoomActor>(region);
            });
    }

    private void Start(ActorSystem system, IActorRef origins)
    {
        var publicUrl = Settings.PublicUrl?.AbsoluteUri ?? "";
        var watcher = system.ActorOf(
            Props.Create<ClusterWatcher>(Settings.Name, publicUrl, Settings.HttpUrl, _ingress, _statuses, _known, _metrics), "watcher");
        StartPurging(system);
        system.ActorOf(Props.Create(() => new ClockActor(_clock, _store, _time)), "clock");
        system.ActorOf(Props.Create<WireLevelWatcher>(_wire), "wire-level");
        var key = _services.GetRequiredService<DeploymentKeyHandle>();
        system.ActorOf(Props.Create(() => new DeploymentKeyActor(key, _store)), "deployment-key");
        if (Settings.Certificate is { } certificate)
        {
            system.ActorOf(Props.Create<ExpiryWatcher>(certificate, _time), "expiry-watcher");
        }

        if (_seeds.Length > 0)
        {
            system.ActorOf(Props.Create<SplitHealer>(_seeds, Settings.OrphanAfter, _time), "outcast-watcher");
        }

        if (IsOrigin)
        {
            system.ActorOf(Props.Create<PostIngress>(origins, _time), PostIngress.ActorName);
        }

        var forwarder = system.ActorOf(Props.Create<PostForwarder>(origins, _wire, _time), "uplink");
        var edgeRooms = Settings.Roles.Contains(ClusterRoles.Edge) ? StartEdge(system, origins, forwarder) : null;
        var rooms = new ActorRooms(
            system, edgeRooms, forwarder, new SharedBudget(Settings.MaxPendingPosts), watcher, _ingress, _statuses, _health, _clock, Settings.Name, _metrics,
            _time);
        _metrics.ObserveClock(() => _time.Ahead.TotalSeconds);
        _metrics.ObserveMembers(rooms.CountMembers);
        _services.GetRequiredService<RoomsHandle>().Open(rooms);
        if (Settings.Seeds.Count == 0)
        {
            var cluster = Akka.Cluster.Cluster.Get(system);
            cluster.Join(cluster.SelfAddress);
        }
    }

    private void StartPurging(ActorSystem system)
    {
        var cache = _services.GetService<IPurgeable>() ?? new NoCache();
        var purger = system.ActorOf(Props.Create(() => new PurgeActor(Settings.Name, cache, _statuses, _store, _time)), PurgeActor.ActorName);
        _services.GetRequiredService<PurgerHandle>().Open(purger);
    }

    private IActorRef StartEdge(ActorSystem system, IActorRef origins, IActorRef forwarder)
    {
        var edge = new EdgeContext(
            Settings.Name,
            origins,
            forwarder,
            system.ActorOf(Props.Create<ReplicationIngress>(_ingress), "ingress"),
            Settings.RoomLimits,
            Settings.ViewerLimits,
            new SharedBudget(Settings.MaxPendingPosts),
            new FanOutLoad(Settings.FlushEvery, Settings.FlushAtLatest, Environment.ProcessorCount, _time),
            Settings.Heartbeat,
            KeepEmptyFor,
            _metrics,
            _time,
            _services.GetRequiredService<Chance>().Next);
        var edgeRooms = system.ActorOf(Props.Create<EdgeRoomManager>(edge, Settings.MaxEdgeRooms), "rooms");
        StopBeforeSharding(system, edgeRooms);
        return edgeRooms;
    }

    /// <summary>Starts the shard region as Akka.Hosting does, which accepts no custom allocation strategy.</summary>
    private static Task<IActorRef> StartRoomsAsync(ActorSystem system, Func<string, Props> props, NodeClock clock, TimeProvider time)
    {
        var options = new ShardOptions
        {
            Role = ClusterRoles.Origin,
            StateStoreMode = StateStoreMode.DData,
            RememberEntities = false,
            ShouldPassivateIdleEntities = false,
        };
        var (sharding, all) = (ClusterSharding.Get(system), system.Settings.Config);
        var config = ConfigurationFactory.ParseString(options.ToString()).WithFallback(all.GetConfig("akka.cluster.sharding"));
        var settings = ClusterShardingSettings.Create(config, all.GetConfig(config.GetString("coordinator-singleton")));
        var strategy = new RightClockAllocation(
            sharding.DefaultShardAllocationStrategy(settings), clock, Akka.Cluster.Cluster.Get(system).SelfAddress, time);
        return sharding.StartAsync(ShardTypeName, props, settings, new RoomExtractor(), strategy, RoomActor.Stop.Instance);
    }

    /// <summary>Stops edge rooms before sharding leaves: rooms that still ask for their origin would delay it until it times out.</summary>
    private static void StopBeforeSharding(ActorSystem system, IActorRef edgeRooms) =>
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "stop-edge-rooms", async () =>
        {
            await edgeRooms.GracefulStop(TimeSpan.FromSeconds(3)).ConfigureAwait(false);
            return Done.Instance;
        });

    /// <summary>Rooms are spread over shards by a hash of their name.</summary>
    private sealed class RoomExtractor() : HashCodeMessageExtractor(Shards)
    {
        /// <summary>About ten for each of five origins; fixed for the cluster's life.</summary>
        private const int Shards = 50;

        public override string? EntityId(object message) => (message as IRoomMessage)?.Room.Value;
    }
}
