using System.Net;
using Akka;
using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.DistributedData;
using Akka.Hosting;
using Akka.Hosting.Logging;
using Akka.Remote.Hosting;
using Danmaku.Actors.Clocks;
using Danmaku.Actors.Cluster;
using Danmaku.Actors.Posts;
using Danmaku.Actors.Purging;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Storage;
using Danmaku.Actors.Tls;
using Danmaku.Core.Clocks;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using LogLevel = Akka.Event.LogLevel;

namespace Danmaku.Actors;

/// <summary>The settings of a node's actors.</summary>
/// <param name="Name">Shown to viewers and operators.</param>
/// <param name="Roles">Of <see cref="ClusterRoles"/>, at least one.</param>
/// <param name="Address">Bound and advertised; on a private network.</param>
/// <param name="Port">0 = any free one.</param>
/// <param name="Seeds">The same on every node, in the same order; empty when this node starts a cluster.</param>
/// <param name="MaxEdgeRooms">Most rooms with viewers on this node.</param>
/// <param name="MaxOriginRooms">Most rooms kept on this node.</param>
/// <param name="IdleAfter">A room without edges for this long stops.</param>
public sealed record ActorSettings(
    string Name,
    IReadOnlyList<string> Roles,
    IPAddress Address,
    int Port,
    IReadOnlyList<(IPAddress Host, int Port)> Seeds,
    RoomLimits RoomLimits,
    ViewerLimits ViewerLimits,
    TimeSpan FlushEvery,
    TimeSpan FlushAtLatest,
    TimeSpan Heartbeat,
    int MaxEdgeRooms,
    int MaxOriginRooms,
    TimeSpan IdleAfter)
{
    /// <summary>Most posts of all connections of this edge without an answer; as many more over HTTP.</summary>
    public int MaxPendingPosts { get; init; } = 16_384;

    /// <summary>Most danmaku that all rooms of this origin keep while the store is away.</summary>
    public int MaxUnsaved { get; init; } = 500_000;

    /// <summary>How much of each room is kept.</summary>
    public Retention Retention { get; init; } = new(100_000, TimeSpan.FromDays(7));

    /// <summary>The address at which viewers reach this node and no other, http or https; null when unknown.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>The address at which other nodes reach this node over HTTP; null until it is known. Called repeatedly.</summary>
    public Func<Uri?> HttpUrl { get; init; } = () => null;

    /// <summary>How long an edge goes on without hearing an origin before it ends, to be started again. Longer than an origin's restart.</summary>
    public TimeSpan OrphanAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a node looks for a cluster to join before it ends, to be started again.</summary>
    public TimeSpan JoinTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>This node's certificate and the authorities that it accepts; null connects without TLS and accepts any peer.</summary>
    public NodeCertificate? Certificate { get; init; }

    /// <summary>The file in which an origin keeps the members of its cluster, see <see cref="Cluster.KnownNodes"/>. Null keeps nothing.</summary>
    public string? KnownNodesFile { get; init; }

    internal bool IsFirstSeed => Seeds is [var first, ..] && first.Equals((Address, Port));
}

/// <summary>Registers all actors.</summary>
public static class AkkaRegistration
{
    /// <summary>The actor system's name: part of every node's address.</summary>
    public const string SystemName = "danmaku";

    private const string ShardTypeName = "room";

    /// <summary>
    /// A first seed that restarts must find the other nodes before it forms its own cluster. They cannot answer for 5 s after a connection to the earlier
    /// process has failed, so this is longer.
    /// </summary>
    private const string FirstSeedConfiguration = "akka.cluster.seed-node-timeout = 15s";

    /// <summary>A message over the frame size is dropped with only a log line; ours stay below 160 KiB.</summary>
    private const long MaxFrameBytes = 1024 * 1024;

    /// <summary>How long a room without viewers stays on an edge, for viewers that reconnect.</summary>
    private static readonly TimeSpan KeepEmptyFor = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Starts an actor system with the host and provides <see cref="IRooms"/> and <see cref="IPurger"/>. Asks for <see cref="DanmakuMetrics"/>,
    /// <see cref="AgreedTime"/> and <see cref="Chance"/> to be registered, and for <see cref="IPurgeable"/> if there is a cache.
    /// </summary>
    /// <param name="store">The store of this origin; null on other nodes. The caller disposes of it after the host.</param>
    public static IServiceCollection AddDanmakuActors(this IServiceCollection services, ActorSettings settings, IRoomStore? store)
    {
        services.AddSingleton<RoomsHandle>();
        services.AddSingleton<IRooms>(provider => provider.GetRequiredService<RoomsHandle>());
        services.AddSingleton<PurgerHandle>();
        services.AddSingleton<IPurger>(provider => provider.GetRequiredService<PurgerHandle>());
        return services.AddAkka(SystemName, (akka, provider) => akka.AddDanmaku(
            settings,
            store,
            provider.GetRequiredService<DanmakuMetrics>(),
            provider.GetRequiredService<AgreedTime>(),
            provider.GetRequiredService<Chance>(),
            provider.GetRequiredService<RoomsHandle>(),
            new PurgeContext(provider.GetRequiredService<PurgerHandle>(), provider.GetService<IPurgeable>() ?? new NoCache()),
            provider.GetRequiredService<ILoggerFactory>()));
    }

    private static void AddDanmaku(
        this AkkaConfigurationBuilder akka, ActorSettings settings, IRoomStore? store, DanmakuMetrics metrics, AgreedTime time, Chance chance,
        RoomsHandle handle, PurgeContext purging, ILoggerFactory loggerFactory)
    {
        var (ingress, statuses) = (new IngressState(), new NodeStatuses());
        var health = new StoreHealth(metrics, time, loggerFactory.CreateLogger<StoreHealth>());
        var clock = new NodeClock(time, settings.Roles.Contains(ClusterRoles.Origin), loggerFactory.CreateLogger<NodeClock>());
        string[] storeRole = store is null ? [] : [StoreGuard.RoleOf(store.Identity)];
        var protocol = settings.Certificate is null ? "akka.tcp" : "akka.ssl.tcp";
        Address[] seeds = [.. settings.Seeds.Select(seed => new Address(protocol, SystemName, NodeAddress.ToHost(seed.Host), seed.Port))];
        var known = new KnownNodes(seeds.Length > 0 && settings.Roles.Contains(ClusterRoles.Origin) ? settings.KnownNodesFile : null);
        akka.ConfigureLoggers(loggers =>
            {
                loggers.LogLevel = LogLevel.WarningLevel;
                loggers.ClearLoggers();
                loggers.AddLogger<AkkaLogger>();
                loggers.DeadLetterOptions = new DeadLetterOptions { ShouldLog = TriStateValue.None };
            })
            .AddSetup(new LoggerFactorySetup(loggerFactory))
            .AddHocon(ReadConfiguration(), HoconAddMode.Prepend)
            .AddHocon(settings.IsFirstSeed ? FirstSeedConfiguration : "", HoconAddMode.Prepend)
            .AddHocon($"akka.cluster.shutdown-after-unsuccessful-join-seed-nodes = {settings.JoinTimeout.TotalMilliseconds}ms", HoconAddMode.Prepend)
            .AddHocon(settings.Certificate is null ? "" : TlsTransport.Configuration, HoconAddMode.Prepend)
            .WithRemoting(RemotingOf(settings))
            .WithClustering(new ClusterOptions
            {
                Roles = [.. settings.Roles, .. storeRole],
                SeedNodes = [.. seeds.Union(known.Read().Select(node => node.WithProtocol(protocol))).Select(address => address.ToString())],

                // Small hosts pause for seconds under load.
                FailureDetector = new PhiAccrualFailureDetectorOptions { AcceptableHeartbeatPause = TimeSpan.FromSeconds(5) },
            })
            .WithDistributedPubSub("")

            // Durable keys load LightningDB at start even if nothing is durable.
            .WithShardingDistributedData(sharding => sharding.Durable = new DurableOptions { Keys = [] });

        if (settings.Roles.Contains(ClusterRoles.Origin))
        {
            ArgumentNullException.ThrowIfNull(store);
            var (slots, unsaved) = (new RoomSlots(settings.MaxOriginRooms), new SharedBudget(settings.MaxUnsaved));
            var publisher = new ReplicationPublisher(metrics, time);
            OriginContext? origin = null;
            akka.WithActors((system, _) =>
                {
                    publisher.Start(system);
                    system.ActorOf(Props.Create<StoreGuard>(store.Identity), "store-guard");
                    system.ActorOf(Props.Create<StoreTrimmer>(store, settings.Retention, health, clock, metrics, time), "store-trimmer");
                    var lanes = Enumerable.Range(0, store.Lanes)
                        .Select(i => system.ActorOf(Props.Create<GroupCommitWriter>(store, health, time), $"store-{i}"));
                    origin = new OriginContext(
                        settings.RoomLimits, settings.IdleAfter, slots, unsaved, new OriginStore(store, [.. lanes], health, time), clock, publisher, metrics, time);
                })
                .AddHocon(ClusterSharding.DefaultConfig().WithFallback(DistributedData.DefaultConfig()), HoconAddMode.Append)
                .WithActors(async (system, registry) =>
                {
                    var region = await StartRoomsAsync(system, id => Props.Create<RoomActor>(id, origin!), clock, time).ConfigureAwait(false);
                    registry.Register<RoomActor>(region);
                });
        }
        else
        {
            akka.WithShardRegionProxy<RoomActor>(ShardTypeName, ClusterRoles.Origin, new RoomExtractor());
        }

        akka.WithActors((system, registry) =>
        {
            var origins = registry.Get<RoomActor>();
            var publicUrl = settings.PublicUrl?.AbsoluteUri ?? "";
            var watcher = system.ActorOf(
                Props.Create<ClusterWatcher>(settings.Name, publicUrl, settings.HttpUrl, ingress, statuses, known, metrics), "watcher");
            purging.Handle.Open(system.ActorOf(Props.Create(() => new PurgeActor(settings.Name, purging.Cache, statuses, store, time)), PurgeActor.ActorName));
            system.ActorOf(Props.Create(() => new ClockActor(clock, store, time)), "clock");
            if (settings.Certificate is { } certificate)
            {
                system.ActorOf(Props.Create<ExpiryWatcher>(certificate, time), "expiry-watcher");
            }

            if (seeds.Length > 0)
            {
                system.ActorOf(Props.Create<SplitHealer>(seeds, settings.OrphanAfter, time), "outcast-watcher");
            }

            if (settings.Roles.Contains(ClusterRoles.Origin))
            {
                system.ActorOf(Props.Create<PostIngress>(origins, time), PostIngress.ActorName);
            }

            var forwarder = system.ActorOf(Props.Create<PostForwarder>(origins, time), "uplink");
            IActorRef? edgeRooms = null;
            if (settings.Roles.Contains(ClusterRoles.Edge))
            {
                var edge = new EdgeContext(
                    settings.Name,
                    origins,
                    forwarder,
                    system.ActorOf(Props.Create<ReplicationIngress>(ingress), "ingress"),
                    settings.RoomLimits,
                    settings.ViewerLimits,
                    new SharedBudget(settings.MaxPendingPosts),
                    new FanOutLoad(settings.FlushEvery, settings.FlushAtLatest, Environment.ProcessorCount, time),
                    settings.Heartbeat,
                    KeepEmptyFor,
                    metrics,
                    time,
                    chance.Next);
                edgeRooms = system.ActorOf(Props.Create<EdgeRoomManager>(edge, settings.MaxEdgeRooms), "rooms");
                StopBeforeSharding(system, edgeRooms);
            }

            var rooms = new ActorRooms(
                system, edgeRooms, forwarder, new SharedBudget(settings.MaxPendingPosts), watcher, ingress, statuses, health, clock, settings.Name, metrics, time);
            metrics.ObserveClock(() => time.Ahead.TotalSeconds);
            metrics.ObserveMembers(rooms.CountMembers);
            handle.Open(rooms);
            if (settings.Seeds.Count == 0)
            {
                var cluster = Akka.Cluster.Cluster.Get(system);
                cluster.Join(cluster.SelfAddress);
            }
        });
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

    private static RemoteOptions RemotingOf(ActorSettings settings)
    {
        var address = settings.Address.ToString();
        var options = new RemoteOptions
        {
            HostName = address,
            PublicHostName = address,
            Port = settings.Port,
            MaxFrameSize = MaxFrameBytes,
            SendBufferSize = MaxFrameBytes,
            ReceiveBufferSize = MaxFrameBytes,
        };
        if (settings.Certificate is { } certificate)
        {
            options.EnableSsl = true;
            options.Ssl.X509Certificate = certificate.Certificate;
            options.Ssl.RequireMutualAuthentication = true;
            options.Ssl.CustomValidator = certificate.Accepts;
        }

        return options;
    }

    /// <summary>Stops edge rooms before sharding leaves: rooms that still ask for their origin would delay it until it times out.</summary>
    private static void StopBeforeSharding(ActorSystem system, IActorRef edgeRooms) =>
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "stop-edge-rooms", async () =>
        {
            await edgeRooms.GracefulStop(TimeSpan.FromSeconds(3)).ConfigureAwait(false);
            return Done.Instance;
        });

    /// <summary>The settings for which Akka.Hosting has no typed option.</summary>
    public static string ReadConfiguration()
    {
        using var stream = typeof(AkkaRegistration).Assembly.GetManifestResourceStream("danmaku.conf")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Rooms are spread over shards by a hash of their name.</summary>
    private sealed class RoomExtractor() : HashCodeMessageExtractor(Shards)
    {
        /// <summary>About ten for each of five origins; fixed for the cluster's life.</summary>
        private const int Shards = 50;

        public override string? EntityId(object message) => (message as IRoomMessage)?.Room.Value;
    }

    /// <summary>The purger of this node, and its cache.</summary>
    private sealed record PurgeContext(PurgerHandle Handle, IPurgeable Cache);
}

/// <summary>Stands in for <see cref="ActorRooms"/> until the actor system has started, which is after the host's services are made.</summary>
public sealed class RoomsHandle : IRooms
{
    private ActorRooms? _rooms;

    public bool HasEnded => _rooms is { HasEnded: true };

    public string? NotReady => _rooms is { } rooms ? rooms.NotReady : "starting";

    public string? Impaired => _rooms?.Impaired;

    /// <summary>There are no members before the actor system has started.</summary>
    public ClusterStatus Status => Volatile.Read(ref _rooms)?.Status ?? new ClusterStatus("", []);

    public Task<Position?> OpenAsync(RoomId room, CancellationToken cancellation) => Rooms.OpenAsync(room, cancellation);

    public ValueTask<IViewer?> JoinAsync(JoinRequest join, Core.Wire.IOutbox outbox, CancellationToken cancellation) =>
        Rooms.JoinAsync(join, outbox, cancellation);

    public Task<PostResult> PostAsync(RoomId room, Post post, int source, CancellationToken cancellation) =>
        Rooms.PostAsync(room, post, source, cancellation);

    public void AnnounceDrain() => _rooms?.AnnounceDrain();

    internal void Open(ActorRooms rooms) => Volatile.Write(ref _rooms, rooms);

    private ActorRooms Rooms => Volatile.Read(ref _rooms) ?? throw new InvalidOperationException("The actor system has not started.");
}
