using System.Text;
using Danmaku.HttpCache.Tests;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests.Cache;

/// <summary>The cache of a node: what Danmaku.HttpCache is told by it, and what it tells. The cache itself has its tests in Danmaku.HttpCache.Tests.</summary>
public sealed class NodeCacheTests
{
    [Theory]
    [InlineData("origin,edge")]
    [InlineData("edge")]
    public async Task The_page_is_there_with_an_origin_in_this_process_and_without_any(string roles)
    {
        await using var edge = await TestEdge.StartAsync("--Danmaku:Roles=" + roles);

        var miss = await edge.GetAsync("/");
        var hit = await edge.GetAsync("/");
        var none = await edge.GetAsync("/none");
        var cluster = await edge.GetAsync("/api/cluster");

        edge.Time.Advance(TimeSpan.FromHours(1));
        var validated = await edge.GetAsync("/");
        var again = await edge.GetAsync("/");

        Assert.Equal(("REVALIDATED", "HIT"), (validated.Cache, again.Cache));
        Assert.Equal((200, "MISS", "no-cache"), (miss.Status, miss.Cache, miss["Cache-Control"]));
        Assert.Equal((200, "HIT", miss.Body, miss["ETag"]), (hit.Status, hit.Cache, hit.Body, hit["ETag"]));
        Assert.Equal(roles == "edge" ? 504 : 404, none.Status);
        Assert.Equal((200, "", "no-store"), (cluster.Status, cluster.Cache, cluster["Cache-Control"]));
    }

    [Fact]
    public async Task A_broken_upload_is_the_client_s_fault_and_an_origin_that_is_down_is_counted()
    {
        var origin = await FakeOrigin.StartAsync("body");
        await using var edge = await TestEdge.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(edge.Url);

        await client.SendBytesAsync("POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nffffffffffffffffff\r\n"u8.ToArray());

        Assert.Equal(400, await client.ReadHeadAsync());
        await origin.DisposeAsync();
        Assert.Equal(504, (await edge.GetAsync("/a")).Status);
        Assert.Equal(1, await edge.Node.MetricAsync("danmaku_cache_origin_failures_total"));
    }

    [Fact]
    public async Task Options_of_a_node_are_those_of_its_cache()
    {
        await using var origin = await FakeOrigin.StartAsync(new string('x', 3000), ("Surrogate-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(
            origin, "--Danmaku:Cache:TargetedFields=Surrogate-Control", "--Danmaku:Cache:MaxEntryBytes=2000", "--Danmaku:Cache:MaxRequestBytes=10",
            "--Danmaku:Cache:ForwardHost=true", "--Danmaku:Cache:Methods=POST,PROPFIND");

        await edge.GetAsync("/large", ("Host", "a.example"));

        Assert.Equal("a.example", origin.Requests[0].Headers.Host.ToString());
        Assert.Equal("MISS", (await edge.GetAsync("/large", ("Host", "a.example"))).Cache);
        Assert.Equal(200, (await edge.SendAsync("PROPFIND", "/a", [])).Status);
        var put = await edge.SendAsync("PUT", "/a", []);
        Assert.Equal((405, "GET, HEAD, POST, PROPFIND"), (put.Status, put["Allow"]));
        Assert.Equal(413, (await edge.SendAsync("POST", "/a", [], "more than ten")).Status);
    }

    [Theory]
    [InlineData("/", 200)]
    [InlineData("/none", 404)]
    [InlineData("/a%zz", 400)]
    [InlineData("/health/live", 200)]
    [InlineData("/api/cluster", 405)]
    [InlineData("/api/none", 404)]
    [InlineData("/ws/lobby", 405)]
    public async Task Pipelined_heads_have_no_bodies(string target, int status)
    {
        await using var edge = await TestEdge.StartAsync();
        using var client = await RawClient.ConnectAsync(edge.Url);
        var head = $"HEAD {target} HTTP/1.1\r\nHost: test\r\n\r\n";

        for (var round = 0; round < 2; round++)
        {
            await client.SendBytesAsync(Encoding.ASCII.GetBytes(head + head + head + head + "GET / HTTP/1.1\r\nHost: test\r\n\r\n"));

            for (var i = 0; i < 4; i++)
            {
                Assert.Equal(status, await client.ReadHeadAsync());
            }

            Assert.Equal(200, await client.ReadHeadAsync());
            Assert.Contains("<html", Encoding.UTF8.GetString(await client.ReadBodyAsync()), StringComparison.Ordinal);
        }
    }
}
