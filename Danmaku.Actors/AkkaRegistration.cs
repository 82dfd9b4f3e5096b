using System.Net;
using Akka.Cluster.Hosting;
using Akka.Hosting;
using Akka.Hosting.Logging;
using Akka.Remote.Hosting;
using Danmaku.Actors.Cluster;
using Danmaku.Actors.Purging;
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

    /// <summary>
    /// A first seed that restarts must find the other nodes before it forms its own cluster. They cannot answer for 5 s after a connection to the earlier
    /// process has failed, so this is longer.
    /// </summary>
    private const string FirstSeedConfiguration = "akka.cluster.seed-node-timeout = 15s";

    /// <summary>A message over the frame size is dropped with only a log line; ours stay below 160 KiB.</summary>
    private const long MaxFrameBytes = 1024 * 1024;

    /// <summary>
    /// Starts an actor system with the host and provides <see cref="IRooms"/> and <see cref="IPurger"/>. Asks for <see cref="DanmakuMetrics"/>,
    /// <see cref="AgreedTime"/>, <see cref="DeploymentKeyHandle"/> and <see cref="Chance"/> to be registered, and for <see cref="IPurgeable"/> if there is a
    /// cache.
    /// </summary>
    /// <param name="store">The store of this origin; null on other nodes. The caller disposes of it after the host.</param>
    public static IServiceCollection AddDanmakuActors(this IServiceCollection services, ActorSettings settings, IRoomStore? store)
    {
        services.AddSingleton<RoomsHandle>();
        services.AddSingleton<IRooms>(provider => provider.GetRequiredService<RoomsHandle>());
        services.AddSingleton<PurgerHandle>();
        services.AddSingleton<IPurger>(provider => provider.GetRequiredService<PurgerHandle>());
        return services.AddAkka(SystemName, (akka, provider) =>
        {
            var loggerFactory = provider.GetRequiredService<ILoggerFactory>();
            akka.AddDanmaku(new NodeActors(settings, store, provider, loggerFactory), loggerFactory);
        });
    }

    private static void AddDanmaku(this AkkaConfigurationBuilder akka, NodeActors actors, ILoggerFactory loggerFactory)
    {
        var settings = actors.Settings;
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
                Roles = [.. settings.Roles, .. actors.StoreRoles, WireLevel.Role],
                SeedNodes = [.. actors.FirstContacts.Select(address => address.ToString())],

                // Small hosts pause for seconds under load.
                FailureDetector = new PhiAccrualFailureDetectorOptions { AcceptableHeartbeatPause = TimeSpan.FromSeconds(5) },
            })
            .WithDistributedPubSub("")

            // Durable keys load LightningDB at start even if nothing is durable.
            .WithShardingDistributedData(sharding => sharding.Durable = new DurableOptions { Keys = [] });
        actors.AddTo(akka);
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

    /// <summary>What Akka.Hosting has no typed option for.</summary>
    public static string ReadConfiguration()
    {
        using var stream = typeof(AkkaRegistration).Assembly.GetManifestResourceStream("danmaku.conf")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
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
