using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>What operators' own server has, and that it is nowhere else (docs/protocol.md §9).</summary>
public sealed class OperatorTests(OperatorTests.Shared shared) : IClassFixture<OperatorTests.Shared>, IDisposable
{
    private readonly TestNode _node = shared.Node;

    public void Dispose() => _node.AssertNoErrors();

    [Fact]
    public async Task Metrics_are_those_of_the_catalogue_and_nothing_else()
    {
        using var posted = await _node.Http.PostAsJsonAsync("/api/rooms/lobby/danmaku", new { text = "hi" });
        var metrics = await _node.Operators.GetStringAsync("/metrics");

        Assert.Contains("danmaku_posts_total{", metrics, StringComparison.Ordinal);
        Assert.All(
            metrics.Split('\n').Where(line => line.Length > 0 && !line.StartsWith('#')),
            line => Assert.Matches("^(danmaku_|target_info)", line));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("Bearer wrong", false)]
    [InlineData("Bearer schlüssel", true)]
    public async Task Addresses_need_the_key(string? authorization, bool areShown)
    {
        var member = await ClusterAsync(new Uri(_node.Operators.BaseAddress!, "/api/cluster"), authorization);

        Assert.Equal(areShown, member.TryGetProperty("address", out _));
        Assert.Equal("test", member.GetProperty("name").GetString());
    }

    [Fact]
    public async Task The_server_for_viewers_shows_no_addresses()
    {
        var member = await ClusterAsync(new Uri(_node.Url, "/api/cluster"), "Bearer schlüssel");

        Assert.False(member.TryGetProperty("address", out _));
        Assert.Equal("test", member.GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Both_servers_report_the_nodes_health(string path)
    {
        Assert.Equal(HttpStatusCode.OK, (await _node.Http.GetAsync(path)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _node.Operators.GetAsync(path)).StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/ws/lobby")]
    [InlineData("/echo")]
    [InlineData("/api/rooms/lobby/history")]
    public async Task The_operators_server_has_none_of_the_viewers_paths(string path)
    {
        using var response = await _node.Operators.GetAsync(path);

        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    public static TheoryData<string> Spellings =>
    [
        "/metrics", "/METRICS", "/metrics/", "/metrics/.", "/metrics/x/..", "/./metrics", "/x/../metrics", "//metrics", "/metrics//", "/metrics?x", "/%6Detrics",
        "/metrics%2F", "/metrics%2f.", "/metrics;x", "http://test/metrics", "http://test/METRICS/.",
        "/api/purge", "/API/Purge", "/api/purge/", "/api/purge/.", "/api/./purge", "/api//purge", "/%61pi/purge", "/api%2Fpurge", "http://test/api/purge",
    ];

    /// <summary>With a cache in front and without.</summary>
    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task The_server_for_viewers_has_no_metrics_and_no_purge_however_they_are_spelt(string target)
    {
        string[] headers = ["Authorization: Bearer schlüssel", "Content-Type: application/json", "Content-Length: 16", "Connection: close"];
        foreach (var node in new[] { _node, shared.WithoutCache })
        {
            foreach (var method in new[] { "GET", "HEAD", "POST", "PUT" })
            {
                using var client = await RawClient.ConnectAsync(node.Url);
                await client.SendBytesAsync(Encoding.UTF8.GetBytes(
                    $"{method} {target} HTTP/1.1\r\nHost: test\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n" + """{"room":"lobby"}"""));

                Assert.Equal((method, 404), (method, await client.ReadHeadAsync()));
            }
        }
    }

    [Fact]
    public async Task The_API_describes_itself()
    {
        var document = await _node.Operators.GetFromJsonAsync<JsonElement>("/openapi/v1.json");

        Assert.Equal(["/api/cluster", "/api/purge"], document.GetProperty("paths").EnumerateObject().Select(path => path.Name).Order());
    }

    [Fact]
    public async Task Without_addresses_for_operators_there_is_no_operators_server()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Operator:Urls=");

        Assert.Null(node.Operators.BaseAddress);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetAsync("/metrics")).StatusCode);
    }

    [Fact]
    public async Task Private_is_this_node_s_address_in_the_cluster_s_network()
    {
        await using var node = await TestNode.StartAsync(
            "--Danmaku:Operator:Urls=http://private:0,http://127.0.0.1:0", "--Danmaku:Cluster:Network=127.0.0.1/32");

        Assert.Equal("127.0.0.1", node.Operators.BaseAddress!.Host);
        Assert.Contains("danmaku_viewers", await node.Operators.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    private static async Task<JsonElement> ClusterAsync(Uri url, string? authorization)
    {
        using var http = new HttpClient(new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 });
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await http.SendAsync(request);
        return Assert.Single((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("members").EnumerateArray());
    }

    public sealed class Shared() : SharedNode("--Danmaku:OperatorKey=schlüssel", "--Danmaku:Connection:HttpPostsPerSecond=0"), IAsyncLifetime
    {
        internal TestNode WithoutCache { get; private set; } = null!;

        async Task IAsyncLifetime.InitializeAsync()
        {
            await InitializeAsync();
            WithoutCache = await TestNode.StartAsync("--Danmaku:OperatorKey=schlüssel", "--Danmaku:Cache:Enabled=false");
        }

        async Task IAsyncLifetime.DisposeAsync()
        {
            await WithoutCache.DisposeAsync();
            await DisposeAsync();
        }
    }
}
