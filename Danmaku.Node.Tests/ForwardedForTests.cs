using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>Whose connections are counted together, behind a proxy and without one.</summary>
public sealed class ForwardedForTests
{
    [Theory]
    [InlineData("127.0.0.1", "203.0.113.1", "203.0.113.2", 101)]
    [InlineData("127.0.0.0/8", "203.0.113.1", "203.0.113.1", 429)]
    [InlineData("127.0.0.0/8, 10.0.0.0/8", "203.0.113.9, 203.0.113.1, 10.1.2.3", "203.0.113.8, 203.0.113.1", 429)]
    [InlineData("127.0.0.0/8", "203.0.113.1, 203.0.113.3", "203.0.113.1, 203.0.113.4", 101)]
    [InlineData("", "203.0.113.1", "203.0.113.2", 429)]
    [InlineData("10.0.0.0/8", "203.0.113.1", "203.0.113.2", 429)]
    public async Task The_address_is_the_last_one_that_a_trusted_proxy_names(string trusted, string first, string second, int status)
    {
        await using var node = await TestNode.StartAsync("--Danmaku:TrustedProxies=" + trusted, "--Danmaku:Connection:ConnectionsPerAddress=1");
        using var one = await RawClient.ConnectAsync(node.Url);
        using var two = await RawClient.ConnectAsync(node.Url);

        Assert.Equal(101, await one.RequestAsync("/echo", [.. RawClient.Upgrade, "X-Forwarded-For: " + first]));
        Assert.Equal(status, await two.RequestAsync("/echo", [.. RawClient.Upgrade, "X-Forwarded-For: " + second]));
    }
}
