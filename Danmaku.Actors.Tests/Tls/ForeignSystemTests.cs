using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote.Transport.DotNetty;
using Danmaku.Actors.Tests.Cluster;
using Danmaku.Actors.Tls;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Tls;

/// <summary>An actor system that is no member of the cluster reaches a node's remoting port, or is reached by a node.</summary>
[Trait("Category", "cluster")]
public sealed class ForeignSystemTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly TestAuthority _other = TestAuthority.Create("CN=other authority");

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Why that network must be private: see "The private network" in docs/operations.md.</summary>
    [Fact]
    public async Task Without_TLS_any_peer_can_message_stop_and_create_actors()
    {
        await using var cluster = await TestCluster.StartAsync(("node", "origin,edge"));
        var node = cluster["node"];
        var listener = node.System.ActorOf(Props.Create<Listener>(), "listener");
        using var outside = Outside("plain", null, cluster["node"]);

        Select(outside, node, "listener").Tell("hello");
        await Eventually.TrueAsync(() => Listener.Heard(listener).Contains("hello"), Patience);
        outside.ActorOf(Props.Create<Deployed>(), "deployed");
        await Eventually.TrueAsync(() => Deployed.Ports.Contains(node.Port), Patience);
        Select(outside, node, "listener").Tell(PoisonPill.Instance);
        await listener.WatchAsync().WaitAsync(Patience);
    }

    [Theory]
    [InlineData("plain", "was refused: it does not speak TLS")]
    [InlineData("without", "was refused: it showed no certificate")]
    [InlineData("expired", "was refused: its certificate (CN=expired) expired at ")]
    [InlineData("other", "was refused: its certificate (CN=other) comes from another authority (CN=other authority)")]
    [InlineData("server", "was refused: its certificate (CN=server) is not for both server and client authentication")]
    public async Task With_TLS_a_peer_without_a_right_certificate_reaches_no_actor(string who, string said)
    {
        await using var cluster = new TestCluster();
        var node = await AddAsync(cluster, "node", _authority.Issue());
        await cluster.ReadyAsync();
        var listener = node.System.ActorOf(Props.Create<Listener>(), "listener");
        using var outside = Outside(who, CertificateOf(who), node);
        using var member = Outside("member", _authority.Issue("CN=member"), node);

        Select(outside, node, "listener").Tell("from outside");
        Select(outside, node, "listener").Tell(PoisonPill.Instance);
        outside.ActorOf(Props.Create<Deployed>(), "deployed");
        await Eventually.TrueAsync(() => node.Log.Has("127.0.0.1 " + said), Patience);

        // Who has one is let in, and comes later: so what the other had sent was not only late.
        await Eventually.TrueAsync(
            () =>
            {
                Select(member, node, "listener").Tell("marker");
                return Listener.Heard(listener).Length > 0;
            },
            Patience);
        Assert.All(Listener.Heard(listener), heard => Assert.Equal("marker", heard));
        Assert.DoesNotContain(node.Port, Deployed.Ports);
        Assert.Single(node.Log.Lines, line => line.Contains("was refused", StringComparison.Ordinal));
        Assert.Null(CoordinatedShutdown.Get(node.System).ShutdownReason);
    }

    /// <summary>Akka.NET's own transport would end the node each time.</summary>
    [Theory]
    [InlineData("plain", "was refused: it does not speak TLS")]
    [InlineData("expired", "was refused: its certificate (CN=expired) expired at ")]
    [InlineData("other", "was refused: its certificate (CN=other) comes from another authority (CN=other authority)")]
    public async Task A_node_that_connects_to_one_without_a_right_certificate_refuses_it_and_goes_on(string who, string said)
    {
        await using var cluster = new TestCluster();
        var node = await AddAsync(cluster, "node", _authority.Issue());
        await cluster.ReadyAsync();
        using var outside = Outside(who, CertificateOf(who), node);
        var listener = outside.ActorOf(Props.Create<Listener>(), "listener");
        using var member = Outside("member", _authority.Issue("CN=member"), node);
        var friend = member.ActorOf(Props.Create<Listener>(), "listener");

        Select(node.System, outside, "listener").Tell("secret");
        await Eventually.TrueAsync(() => node.Log.Has($"127.0.0.1:{PortOf(outside)} {said}"), Patience);

        await Eventually.TrueAsync(
            () =>
            {
                Select(node.System, member, "listener").Tell("marker");
                return Listener.Heard(friend).Length > 0;
            },
            Patience);
        Assert.Empty(Listener.Heard(listener));
        Assert.Null(CoordinatedShutdown.Get(node.System).ShutdownReason);
    }

    [Fact]
    public async Task A_node_goes_on_when_its_peer_disconnects_during_the_handshake()
    {
        await using var cluster = new TestCluster();
        var node = await AddAsync(cluster, "node", _authority.Issue());
        await cluster.ReadyAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        node.System.ActorSelection($"akka.ssl.tcp://danmaku@127.0.0.1:{port}/user/nobody").Tell("hello");
        using (var connection = await listener.AcceptTcpClientAsync().WaitAsync(Patience))
        {
            // The beginning of its handshake.
            Assert.True(await connection.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Patience) > 0);
        }

        await Eventually.TrueAsync(() => node.Log.Has($"127.0.0.1:{port} closed the connection during the TLS handshake"), Patience);
        Assert.Null(CoordinatedShutdown.Get(node.System).ShutdownReason);
    }

    [Fact]
    public async Task A_refused_node_logs_it_and_the_others_log_why()
    {
        await using var cluster = new TestCluster();
        var node = await AddAsync(cluster, "node", _authority.Issue());
        await cluster.ReadyAsync();

        // It trusts the others, and they do not trust it.
        var stranger = await AddAsync(cluster, "stranger", _other.Issue("CN=stranger"), _other.Certificate, _authority.Certificate);
        await Eventually.TrueAsync(
            () => stranger.Log.Has($"127.0.0.1:{node.Port} closed the connection before it sent anything: it may have refused this node's certificate (CN=stranger, valid until "), Patience);

        await Eventually.TrueAsync(() => node.Log.Has("127.0.0.1 was refused: its certificate (CN=stranger) comes from another authority (CN=other authority)"), Patience);
        Assert.DoesNotContain(node.Rooms.Status.Members, member => member.Name == "stranger");
    }

    [Fact]
    public async Task A_line_about_a_peer_is_not_repeated_soon_and_lines_are_bounded_over_all_peers()
    {
        await using var cluster = new TestCluster();
        var node = await AddAsync(cluster, "node", _authority.Issue());
        await cluster.ReadyAsync();

        for (var i = 0; i < 60; i++)
        {
            using var certificate = _other.Issue($"CN=flood {i % 55}");
            await KnockAsync(node.Port, certificate);
        }

        // The last one, in another way, comes after all the others.
        await Eventually.TrueAsync(() => node.Log.Has("CN=flood 49"), Patience);
        Assert.Equal(50, node.Log.Lines.Count(line => line.Contains("was refused", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Nodes_of_one_authority_form_a_cluster_also_with_intermediate_authorities()
    {
        using var intermediate = _authority.Intermediate("CN=intermediate");
        await using var cluster = new TestCluster();
        var origin = await AddAsync(cluster, "origin", intermediate.Issue(), [_authority.Certificate, intermediate.Certificate]);
        var edge = await AddAsync(cluster, "edge", _authority.Issue(), [_authority.Certificate, intermediate.Certificate]);

        await cluster.ReadyAsync();
        var viewer = await origin.JoinAsync("room", WireFormat.Json);
        var author = await edge.JoinAsync("room", WireFormat.Json);
        author.Post("hello");

        await Eventually.TrueAsync(() => viewer.Seen.Contains("hello"), Patience);
        Assert.Empty(origin.Log.Lines.Concat(edge.Log.Lines));
    }

    [Theory]
    [InlineData(29, true)]
    [InlineData(31, false)]
    public async Task A_node_whose_certificate_expires_soon_warns_when_it_starts(int days, bool warns)
    {
        await using var cluster = new TestCluster();
        var node = await AddAsync(cluster, "node", _authority.Issue("CN=node", days));

        // It has looked before it answers, and what is logged then comes later.
        await node.System.ActorSelection("/user/expiry-watcher").Ask<ActorIdentity>(new Identify(null), Patience);
        Logging.GetLogger(node.System, "test").Warning("marker");
        await Eventually.TrueAsync(() => node.Log.Has("marker"), Patience);

        Assert.Equal(warns, node.Log.Has("This node's certificate (CN=node) expires at 2"));
    }

    private X509Certificate2? CertificateOf(string who) => who switch
    {
        "plain" => null,
        "without" => _authority.Issue(),
        "expired" => _authority.Issue("CN=expired", days: -1),
        "other" => _other.Issue("CN=other"),
        _ => _authority.Issue("CN=server", isForClients: false),
    };

    private Task<TestNode> AddAsync(TestCluster cluster, string name, X509Certificate2 certificate, params X509Certificate2[] authorities)
    {
        var files = TestAuthority.Write(Path.Combine(_folder, name), certificate, authorities.Length > 0 ? authorities : [_authority.Certificate]);
        var read = NodeCertificate.Read(files.Certificate, files.Key, files.CertificateAuthority, TimeProvider.System);
        return cluster.AddAsync(name, name == "edge" || name == "stranger" ? "edge" : "origin,edge", settings => settings with { Certificate = read });
    }

    /// <summary>A system that lets anybody in, and deploys its actor "deployed" on a node.</summary>
    private static ActorSystem Outside(string name, X509Certificate2? certificate, TestNode node)
    {
        var config = ConfigurationFactory.ParseString($$"""
            akka.loglevel = OFF
            akka.stdout-loglevel = OFF
            akka.actor.provider = remote
            akka.actor.deployment { "/deployed" { remote = "akka.{{(certificate is null ? "" : "ssl.")}}tcp://danmaku@127.0.0.1:{{node.Port}}" } }
            akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0, enable-ssl = {{(certificate is null ? "off" : "on")}} }
            """);
        var setup = ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(config));
        return ActorSystem.Create(name, certificate is null ? setup : setup.And(new DotNettySslSetup(certificate, true, requireMutualAuthentication: name != "without")));
    }

    private static ActorSelection Select(ActorSystem from, TestNode to, string name) =>
        from.ActorSelection($"{((ExtendedActorSystem)from).Provider.DefaultAddress.Protocol}://danmaku@127.0.0.1:{to.Port}/user/{name}");

    private static ActorSelection Select(ActorSystem from, ActorSystem to, string name) =>
        from.ActorSelection($"akka.ssl.tcp://{to.Name}@127.0.0.1:{PortOf(to)}/user/{name}");

    private static int PortOf(ActorSystem system) => ((ExtendedActorSystem)system).Provider.DefaultAddress.Port!.Value;

    private static async Task KnockAsync(int port, X509Certificate2 certificate)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port);
        await using var tls = new SslStream(tcp.GetStream(), false, (_, server, _, _) => server?.Subject == "CN=node");
        await tls.AuthenticateAsClientAsync("node", [certificate], false);

        // Refused only when it hangs up.
        Assert.Equal(0, await tls.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
    }

    /// <summary>Keeps what it hears, by its path.</summary>
    private sealed class Listener : ReceiveActor
    {
        private static readonly ConcurrentDictionary<IActorRef, ConcurrentQueue<object>> All = new();

        public Listener()
        {
            var heard = All.GetOrAdd(Self, _ => new());
            ReceiveAny(heard.Enqueue);
        }

        public static object[] Heard(IActorRef listener) => All.TryGetValue(listener, out var heard) ? [.. heard] : [];
    }

    private sealed class Deployed : ReceiveActor
    {
        private static readonly ConcurrentBag<int> All = [];

        public Deployed() => All.Add(PortOf(Context.System));

        /// <summary>Those of the systems in which there is one.</summary>
        public static IReadOnlyCollection<int> Ports => All;
    }
}
