using System.Net;
using System.Net.Sockets;
using System.Text;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Nodes that let in only nodes with a certificate of their authority.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
public sealed class TlsClusterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly TestAuthority _authority = TestAuthority.Create();

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Danmaku_of_one_node_are_seen_on_another_and_strangers_disturb_nobody()
    {
        await using var fleet = await Fleet.StartAsync(1, Tls("origin"), [Tls("edge-1"), Tls("edge-2")]);
        await using var author = await Follower.JoinAsync(fleet["edge-1"].Url, "room");
        await using var viewer = await Follower.JoinAsync(fleet["edge-2"].Url, "room");
        await author.PostAndSeeAsync("before");

        await DisturbAsync(fleet.Seed);
        await using var stranger = StartStranger(fleet);
        await LogsAsync(stranger, $"127.0.0.1:{fleet.Seed.Port} closed the connection before it sent anything: it may have refused this node's certificate (CN=stranger, ");
        await LogsAsync(fleet["origin-1"], "127.0.0.1 was refused: its certificate (CN=stranger) comes from another authority (CN=other authority)");
        await LogsAsync(fleet["origin-1"], "127.0.0.1 was refused: it does not speak TLS");

        await author.PostAndSeeAsync("after");
        await viewer.SeesAsync("after");
        await fleet.ReadyAsync();
        Assert.Equal(["before", "after"], viewer.Texts);
        Assert.All(fleet.Origins.Concat(fleet.Edges), node => Assert.Empty(node.TakeErrors()));
        Assert.False(await stranger.IsReadyAsync());
    }

    [Theory]
    [InlineData("Certificate")]
    [InlineData("Key")]
    [InlineData("CertificateAuthority")]
    public async Task A_file_that_is_missing_is_one_line_and_exit_code_1(string option)
    {
        var settings = Tls("node").Select(setting => setting.StartsWith($"Danmaku:Cluster:Tls:{option}=", StringComparison.Ordinal) ? setting + ".gone" : setting);
        await using var node = new NodeProcess("node", FreeUrl(), [.. settings, "Danmaku:DataDirectory=" + _folder]);

        Assert.Equal(1, await node.EndAsync());
        Assert.Matches($"^danmaku: Danmaku:Cluster:Tls:{option}: .*\\.gone cannot be read", Assert.Single(node.Log));
    }

    [Fact]
    public async Task An_expired_certificate_is_one_line_and_exit_code_1()
    {
        using var expired = _authority.Issue(days: -1);
        await using var node = new NodeProcess("node", FreeUrl(), [.. Tls("node", expired), "Danmaku:DataDirectory=" + _folder]);

        Assert.Equal(1, await node.EndAsync());
        Assert.Matches("^danmaku: Danmaku:Cluster:Tls:Certificate: .* expired at ", Assert.Single(node.Log));
    }

    /// <summary>What docs/operations.md tells to do, with viewers and a poster: "Renewing certificates".</summary>
    [SkippableFact]
    public async Task Certificates_and_then_their_authority_are_renewed_one_node_at_a_time_and_nobody_loses_anything()
    {
        Skip.If(PostgresServer.Programs is null, NotInstalled.PostgreSql);
        await using var postgres = await PostgresServer.StartNewAsync();
        using var next = TestAuthority.Create("CN=next authority");
        string[] store = ["Danmaku:Store:Kind=postgresql", "Danmaku:Store:ConnectionString=" + await postgres.CreateDatabaseAsync()];

        // All nodes have the same files here, as a role's nodes may.
        await using var fleet = await Fleet.StartAsync(2, [.. Tls("all"), .. store], [Tls("all"), Tls("all")]);
        await using var audience = await Audience.StartAsync(fleet);

        (TestAuthority Issuer, TestAuthority[] Trusted)[] steps =
        [
            (_authority, [_authority, next]),
            (next, [_authority, next]),
            (next, [next]),
        ];
        foreach (var (issuer, trusted) in steps)
        {
            using var certificate = issuer.Issue();
            TestAuthority.Write(Path.Combine(_folder, "all"), certificate, [.. trusted.Select(authority => authority.Certificate)]);
            foreach (var name in (string[])["edge-1", "edge-2", "origin-1", "origin-2"])
            {
                Assert.Equal(0, await fleet[name].StopAsync());
                fleet.Start(name);
                await fleet.ReadyAsync();
            }
        }

        await audience.SawAllAsync();
        Assert.All(fleet.Origins.Concat(fleet.Edges), node => Assert.Empty(node.TakeErrors()));
        Assert.All(fleet.Origins.Concat(fleet.Edges), node => Assert.DoesNotContain(node.Log, line => line.Contains("was refused", StringComparison.Ordinal)));
    }

    private static Uri FreeUrl() => new($"http://127.0.0.1:{Ports.Free(IPAddress.Loopback)}");

    /// <summary>What comes to any open port: a browser's request, something that is neither TLS nor anything else, and a mere connection.</summary>
    private static async Task DisturbAsync(IPEndPoint seed)
    {
        byte[][] noise = ["GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), [0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5, 6, 7], Encoding.Latin1.GetBytes(new string('\u00ff', 70_000)), []];
        foreach (var bytes in noise)
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(seed);
            await using var stream = tcp.GetStream();
            try
            {
                await stream.WriteAsync(bytes);
                tcp.Client.Shutdown(SocketShutdown.Send);
                await stream.CopyToAsync(Stream.Null).WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (Exception error) when (error is IOException or SocketException)
            {
                // It has hung up before all was sent.
            }
        }
    }

    private static Task LogsAsync(NodeProcess node, string text) =>
        Eventually.TrueAsync(() => node.Log.Any(line => line.Contains(text, StringComparison.Ordinal)), TimeSpan.FromSeconds(30), $"{node.Name} logs '{text}'");

    /// <summary>A node that trusts the others, and they do not trust it.</summary>
    private NodeProcess StartStranger(Fleet fleet)
    {
        using var other = TestAuthority.Create("CN=other authority");
        using var certificate = other.Issue("CN=stranger");
        var files = TestAuthority.Write(Path.Combine(_folder, "stranger"), certificate, [other.Certificate, _authority.Certificate]);
        return new NodeProcess(
            "stranger", FreeUrl(), ["Danmaku:Roles=edge", "Danmaku:Cluster:Port=0", $"Danmaku:Cluster:Seeds={fleet.Seed}", "Danmaku:DataDirectory=" + _folder, .. Settings(files)]);
    }

    private string[] Tls(string node, System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null)
    {
        using var issued = certificate is null ? _authority.Issue() : null;
        return Settings(TestAuthority.Write(Path.Combine(_folder, node), certificate ?? issued!, [_authority.Certificate]));
    }

    private static string[] Settings(TlsFiles files) =>
    [
        "Danmaku:Cluster:Tls:Certificate=" + files.Certificate,
        "Danmaku:Cluster:Tls:Key=" + files.Key,
        "Danmaku:Cluster:Tls:CertificateAuthority=" + files.CertificateAuthority,
    ];

    /// <summary>Somebody posts all the time, and viewers who always come back to one edge or the other keep what they see.</summary>
    private sealed class Audience : IAsyncDisposable
    {
        private const string Room = "renewal";

        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

        private readonly CancellationTokenSource _enough = new();
        private readonly TaskCompletionSource _allIsSaid = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<string> _posted = [];
        private readonly Fleet _fleet;
        private Task _posting = Task.CompletedTask;
        private Task<List<string>>[] _watching = [];

        private Audience(Fleet fleet) => _fleet = fleet;

        public static async Task<Audience> StartAsync(Fleet fleet)
        {
            var audience = new Audience(fleet);
            var viewers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Follower.JoinAsync(audience.Edge(i), Room)));
            audience._posting = audience.PostAsync();
            audience._watching = [.. viewers.Select(audience.WatchAsync)];
            return audience;
        }

        /// <summary>Stops posting, and compares what each has seen with what was acknowledged.</summary>
        public async Task SawAllAsync()
        {
            await _enough.CancelAsync();
            await _posting.WaitAsync(Patience);
            Assert.True(_posted.Count > 100, $"only {_posted.Count} were posted");
            _allIsSaid.SetResult();
            Assert.All(await Task.WhenAll(_watching).WaitAsync(Patience), texts => Assert.Equal(_posted, texts));
        }

        public async ValueTask DisposeAsync()
        {
            await _enough.CancelAsync();
            _allIsSaid.TrySetResult();
            await ((Task)Task.WhenAll(_watching)).WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _posting.WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _enough.Dispose();
        }

        private Uri Edge(int i) => _fleet[$"edge-{1 + (i % 2)}"].Url;

        private async Task PostAsync()
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            for (var i = 0; !_enough.IsCancellationRequested; i++)
            {
                for (var attempt = 0; !await TryPostAsync($"{i}", attempt); attempt++)
                {
                    await timer.WaitForNextTickAsync();
                }

                _posted.Add($"{i}");
                await timer.WaitForNextTickAsync();
            }
        }

        /// <summary>The key makes it safe to repeat.</summary>
        private async Task<bool> TryPostAsync(string text, int attempt)
        {
            using var http = new HttpClient { BaseAddress = Edge(attempt), Timeout = TimeSpan.FromSeconds(10) };
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{Room}/danmaku") { Content = System.Net.Http.Json.JsonContent.Create(new { text }) };
            request.Headers.Add("Idempotency-Key", "renewal-" + text);
            try
            {
                using var response = await http.SendAsync(request);
                return response.IsSuccessStatusCode;
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                return false;
            }
        }

        /// <returns>All that it has seen.</returns>
        private async Task<List<string>> WatchAsync(Follower viewer, int i)
        {
            var texts = new List<string>();
            while (await Task.WhenAny(viewer.Ended, _allIsSaid.Task) == viewer.Ended)
            {
                var position = viewer.Position;
                await TakeAsync();
                viewer = await ReturnAsync(i, position);
                Assert.False(viewer.Welcome.GetProperty("lost").GetBoolean());
            }

            if (!texts.Contains(_posted[^1]))
            {
                await viewer.SeesAsync(_posted[^1]);
            }

            await TakeAsync();
            return texts;

            async Task TakeAsync()
            {
                // After its origin has gone a room begins a new epoch; that nothing is missing before it the texts show.
                Assert.DoesNotContain(viewer.Surprises, surprise => !Follower.IsNewEpoch(surprise));
                texts.AddRange(viewer.Texts);
                await viewer.DisposeAsync();
            }
        }

        private async Task<Follower> ReturnAsync(int i, SeenPosition position)
        {
            for (var attempt = i + 1; ; attempt++)
            {
                try
                {
                    return await Follower.JoinAsync(Edge(attempt), Room, position);
                }
                catch (Exception error) when (error is System.Net.WebSockets.WebSocketException or TimeoutException && attempt < i + 600)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(100));
                }
            }
        }
    }
}
