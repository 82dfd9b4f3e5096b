using System.Net;
using Danmaku.Actors.Cluster;
using Xunit;

namespace Danmaku.Actors.Tests.Cluster;

public sealed class NodeAddressTests
{
    private static readonly IPNetwork Private = IPNetwork.Parse("172.31.250.0/24");

    [Fact]
    public void The_address_inside_the_network_is_taken()
    {
        var address = NodeAddress.In(Private, [IPAddress.Loopback, IPAddress.Parse("172.31.251.3"), IPAddress.Parse("172.31.250.7")]);

        Assert.Equal(IPAddress.Parse("172.31.250.7"), address);
    }

    [Fact]
    public void A_machine_outside_the_network_is_told_so()
    {
        var e = Assert.Throws<InvalidOperationException>(() => NodeAddress.In(Private, [IPAddress.Loopback]));

        Assert.Contains("172.31.250.0/24", e.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seeds_are_addresses_or_names_with_an_address_inside_the_network()
    {
        var seeds = await NodeAddress.ResolveSeedsAsync(
            "172.31.250.11:4053, origin-2:4054", Private,
            name => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.1"), IPAddress.Parse("172.31.250.12")]));

        Assert.Equal([(IPAddress.Parse("172.31.250.11"), 4053), (IPAddress.Parse("172.31.250.12"), 4054)], seeds);
    }

    [Theory]
    [InlineData("origin-1")]
    [InlineData("origin-1:")]
    [InlineData(":4053")]
    [InlineData("origin-1:70000")]
    [InlineData("elsewhere:4053")]
    public async Task A_seed_that_is_none_is_named(string seed)
    {
        var e = await Assert.ThrowsAsync<InvalidOperationException>(
            () => NodeAddress.ResolveSeedsAsync(seed, Private, _ => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.1")])));

        Assert.Contains(seed.Split(':')[0], e.Message, StringComparison.Ordinal);
    }
}
