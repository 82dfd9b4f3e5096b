using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>nginx in front of the edges, with the configuration that docker-compose.yml uses.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
[Trait("Category", "nginx")]
public sealed class NginxTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    private static readonly string[] Always = ["edge-1", "edge-2"];
    private static readonly string[] OneInALongTime = ["Danmaku:Connection:ConnectsPerSecond=0.001"];
    private static readonly string[] OnePerAddress = ["Danmaku:Connection:ConnectionsPerAddress=1"];

    [SkippableFact]
    public async Task Silent_viewers_behind_nginx_outlive_its_timeout()
    {
        await using var nginx = await StartAsync(Edge(1), Edge(2), Edge(3));
        using var plain = await RawClient.UpgradeAsync(nginx.Url, $"/ws/{Room}");
        await using var viewer = await Follower.JoinAsync(nginx.Url, Room);

        // nginx waits 10 s for a word from the edge.
        for (var idle = Stopwatch.StartNew(); idle.Elapsed < TimeSpan.FromSeconds(25);)
        {
            var ping = await plain.ReadUntilAsync(9);
            await plain.SendAsync(10, ping.Payload);
        }

        using var response = await Cluster.Edges[0].PostAsync(Room, new { text = "still there?" });
        await viewer.SeesAsync("still there?");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("still there?", await plain.ReadTextAsync());
        Assert.Empty(viewer.Surprises);
    }

    [SkippableFact]
    public async Task New_edges_get_viewers_from_nginx_and_killed_ones_none()
    {
        await using var nginx = await StartAsync(Edge(1), Edge(2));
        var added = await Cluster.AddEdgeAsync();
        Assert.All(await JoinManyAsync(nginx), node => Assert.Contains(node, Always));

        nginx.Add(added.Url);
        await Eventually.TrueAsync(async () => (await JoinManyAsync(nginx)).Contains(added.Name), TimeSpan.FromSeconds(20));

        added.Kill();
        Assert.All(await JoinManyAsync(nginx), node => Assert.Contains(node, Always));
    }

    [SkippableFact]
    public async Task An_edge_believes_nginxs_X_Forwarded_For_only_if_nginx_is_trusted()
    {
        var edges = await AddEdgesAsync([.. OnePerAddress, "Danmaku:TrustedProxies=127.0.0.1"], OnePerAddress);
        await using var trusted = await StartAsync(edges[0].Url);
        await using var unknown = await StartAsync(edges[1].Url);

        using (var first = await UpgradeAsync(trusted, from: 21))
        using (var other = await UpgradeAsync(trusted, from: 22))
        using (var second = await UpgradeAsync(trusted, from: 21))
        using (var liar = await UpgradeAsync(trusted, from: 21, forwardedFor: "192.0.2.1"))
        {
            Assert.Equal([101, 101, 429, 429], Statuses(first, other, second, liar));
        }

        using (var first = await UpgradeAsync(unknown, from: 21))
        using (var other = await UpgradeAsync(unknown, from: 22))
        {
            Assert.Equal([101, 429], Statuses(first, other));
        }

        Assert.All(await Task.WhenAll(edges.Select(edge => edge.StopAsync())), code => Assert.Equal(0, code));
    }

    [SkippableFact]
    public async Task A_client_refused_by_one_edges_rate_reaches_another_and_one_refused_by_all_is_told_when_to_come_back()
    {
        var edges = await AddEdgesAsync(OneInALongTime, OneInALongTime);
        await using var nginx = await StartAsync(edges[0].Url, edges[1].Url);

        using var first = await UpgradeAsync(nginx, from: 21);
        using var second = await UpgradeAsync(nginx, from: 21);
        using var third = await UpgradeAsync(nginx, from: 21);

        Assert.Equal([101, 101, 503], Statuses(first, second, third));
        Assert.InRange(third.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        Assert.All(await Task.WhenAll(edges.Select(edge => edge.StopAsync())), code => Assert.Equal(0, code));
    }

    private static IEnumerable<int> Statuses(params HttpResponseMessage[] answers) => answers.Select(answer => (int)answer.StatusCode);

    private Task<IReadOnlyList<NodeProcess>> AddEdgesAsync(params string[][] settings)
    {
        SkipWithoutNginx();
        return Cluster.AddEdgesAsync(settings);
    }

    private static Task<NginxProcess> StartAsync(params IReadOnlyList<Uri> edges)
    {
        SkipWithoutNginx();
        return NginxProcess.StartAsync(Programs.Nginx!, edges);
    }

    private static void SkipWithoutNginx()
    {
        Skip.If(Programs.Nginx is null, NotInstalled.Nginx);
        Skip.IfNot(Loopback.HasMany, "Edges behind one name need an address each, and here is only 127.0.0.1.");
    }

    /// <summary>Joins a few times.</summary>
    /// <returns>The edges that served, each once.</returns>
    private async Task<HashSet<string>> JoinManyAsync(NginxProcess nginx)
    {
        var nodes = new HashSet<string>();
        for (var i = 0; i < 10; i++)
        {
            await using var viewer = await Follower.JoinAsync(nginx.Url, Room);
            nodes.Add(viewer.Node);
        }

        return nodes;
    }

    /// <summary>A WebSocket that stays open for as long as the answer is not disposed.</summary>
    /// <param name="from">The last part of the client's address.</param>
    private async Task<HttpResponseMessage> UpgradeAsync(NginxProcess nginx, byte from, string? forwardedFor = null)
    {
        var handler = new SocketsHttpHandler { ConnectCallback = ConnectAsync };
        using var http = new HttpClient(handler, disposeHandler: false);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(nginx.Url, "/ws/" + Room));
        foreach (var header in RawClient.Upgrade.Append($"X-Forwarded-For: {forwardedFor}"))
        {
            request.Headers.TryAddWithoutValidation(header.Split(": ")[0], header.Split(": ")[1]);
        }

        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, from]), 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
    }
}
