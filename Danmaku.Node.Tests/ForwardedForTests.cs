using System.Net;
using System.Net.Http.Json;
using Danmaku.Node.Tests.Processes;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>Whose connections and posts are counted together, behind a proxy and without one.</summary>
public sealed class ForwardedForTests
{
    [Theory]
    [InlineData("127.0.0.1", "203.0.113.1", "203.0.113.2", 101)]
    [InlineData("127.0.0.0/8", "203.0.113.1", "203.0.113.1", 429)]
    [InlineData("127.0.0.0/8, 10.0.0.0/8", "203.0.113.9, 203.0.113.1, 10.1.2.3", "203.0.113.8, 203.0.113.1", 429)]
    [InlineData("127.0.0.0/8", "203.0.113.1, 203.0.113.3", "203.0.113.1, 203.0.113.4", 101)]
    [InlineData("", "203.0.113.1", "203.0.113.2", 429)]
    [InlineData("10.0.0.0/8", "203.0.113.1", "203.0.113.2", 429)]
    [InlineData("127.0.0.1", "2001:db8:1:2::1", "2001:db8:1:2::2", 429)]
    [InlineData("127.0.0.1", "2001:db8:1:2::1", "2001:db8:1:3::1", 101)]
    [InlineData("127.0.0.1", "[2001:db8:1:2::1]:4711", "[2001:db8:1:2::2]", 429)]
    [InlineData("127.0.0.1", "[2001:db8:1:2::1]:4711", "[2001:db8:1:3::1]:4711", 101)]
    [InlineData("127.0.0.1", "203.0.113.1:4711", "::ffff:203.0.113.1", 429)]
    [InlineData("127.0.0.1", "::ffff:203.0.113.1", "::ffff:203.0.113.2", 101)]
    [InlineData("127.0.0.1, fd00:1::/64", "2001:db8:1:2::1, fd00:1::7", "2001:db8:1:3::1, fd00:1::8", 101)]
    [InlineData("127.0.0.1, fd00:1::7", "2001:db8:1:2::1, fd00:1::8", "2001:db8:1:3::1, fd00:1::8", 429)]
    public async Task The_address_is_the_last_one_that_a_trusted_proxy_names(string trusted, string first, string second, int status)
    {
        await using var node = await TestNode.StartAsync("--Danmaku:TrustedProxies=" + trusted, "--Danmaku:Connection:ConnectionsPerAddress=1");
        using var one = await RawClient.ConnectAsync(node.Url);
        using var two = await RawClient.ConnectAsync(node.Url);

        Assert.Equal(101, await one.RequestAsync("/echo", [.. RawClient.Upgrade, "X-Forwarded-For: " + first]));
        Assert.Equal(status, await two.RequestAsync("/echo", [.. RawClient.Upgrade, "X-Forwarded-For: " + second]));
    }

    [Theory]
    [InlineData("203.0.113.1", "203.0.113.2", 64, HttpStatusCode.OK)]
    [InlineData("203.0.113.1", "::ffff:203.0.113.1", 128, HttpStatusCode.TooManyRequests)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2::2", 64, HttpStatusCode.TooManyRequests)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2::2", 128, HttpStatusCode.OK)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", 64, HttpStatusCode.OK)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", 48, HttpStatusCode.TooManyRequests)]
    public async Task Posts_are_counted_like_connections(string first, string second, int prefixLength, HttpStatusCode status)
    {
        await using var node = await TestNode.StartAsync(
            "--Danmaku:TrustedProxies=127.0.0.1", "--Danmaku:Connection:HttpPostBurst=1", "--Danmaku:Connection:HttpPostsPerSecond=0.001",
            $"--Danmaku:Connection:Ipv6PrefixLength={prefixLength}");

        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, first));
        Assert.Equal(status, await PostAsync(node, second));
    }

    [SkippableFact]
    public async Task An_IPv4_client_of_a_dual_mode_socket_is_the_IPv4_client_that_it_is()
    {
        Skip.IfNot(Loopback.HasIPv6, "There is no IPv6 here.");
        await using var node = await TestNode.StartAsync("--urls=http://[::]:0", "--Danmaku:Connection:ConnectionsPerAddress=1");
        var (ipv4, ipv6) = (new UriBuilder(node.Url) { Host = "127.0.0.1" }.Uri, new UriBuilder(node.Url) { Host = "[::1]" }.Uri);
        using var one = await RawClient.ConnectAsync(ipv4);
        using var two = await RawClient.ConnectAsync(ipv6);
        using var three = await RawClient.ConnectAsync(ipv4);
        using var four = await RawClient.ConnectAsync(ipv6);

        // The first 64 bits of ::ffff:127.0.0.1 and ::1 are the same.
        Assert.Equal(101, await one.RequestAsync("/echo", RawClient.Upgrade));
        Assert.Equal(101, await two.RequestAsync("/echo", RawClient.Upgrade));
        Assert.Equal(429, await three.RequestAsync("/echo", RawClient.Upgrade));
        Assert.Equal(429, await four.RequestAsync("/echo", RawClient.Upgrade));
    }

    [SkippableTheory]
    [InlineData("127.0.0.1", "127.0.0.1", 101)]
    [InlineData("[::1]", "::1", 101)]
    [InlineData("[::1]", "::/64", 101)]
    [InlineData("[::1]", "127.0.0.1", 429)]
    [InlineData("127.0.0.1", "::1", 429)]
    public async Task A_proxy_is_trusted_at_the_address_from_which_it_comes(string host, string trusted, int status)
    {
        Skip.IfNot(Loopback.HasIPv6, "There is no IPv6 here.");
        await using var node = await TestNode.StartAsync(
            "--urls=http://[::]:0", "--Danmaku:TrustedProxies=" + trusted, "--Danmaku:Connection:ConnectionsPerAddress=1");
        var url = new UriBuilder(node.Url) { Host = host }.Uri;
        using var one = await RawClient.ConnectAsync(url);
        using var two = await RawClient.ConnectAsync(url);

        Assert.Equal(101, await one.RequestAsync("/echo", [.. RawClient.Upgrade, "X-Forwarded-For: 2001:db8:1:2::1"]));
        Assert.Equal(status, await two.RequestAsync("/echo", [.. RawClient.Upgrade, "X-Forwarded-For: 2001:db8:1:3::1"]));
    }

    private static async Task<HttpStatusCode> PostAsync(TestNode node, string client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/rooms/lobby/danmaku") { Content = JsonContent.Create(new { text = "hi" }) };
        request.Headers.Add("X-Forwarded-For", client);
        using var response = await node.Http.SendAsync(request);
        return response.StatusCode;
    }
}
