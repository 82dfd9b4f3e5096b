using System.Net;
using Akka.Actor;
using Danmaku.Actors.Cluster;
using Danmaku.Core.Cluster;
using Xunit;

namespace Danmaku.Actors.Tests.Cluster;

public sealed class NodeAddressTests
{
    private static readonly IPNetwork[] Private = [IPNetwork.Parse("172.31.250.0/24")];
    private static readonly IPNetwork[] Private6 = [IPNetwork.Parse("fd00:1::/64")];

    [Theory]
    [InlineData("172.31.250.0/24", "172.31.250.7")]
    [InlineData("fd00:1::/64", "fd00:1::7")]
    [InlineData("fd00:1::/64, 172.31.250.0/24", "fd00:1::7")]
    [InlineData("172.31.250.0/24, fd00:1::/64", "172.31.250.7")]
    [InlineData("fd00:2::/64, 172.31.250.0/24", "172.31.250.7")]
    public void The_address_inside_the_first_network_that_has_one_is_taken(string networks, string expected)
    {
        var address = NodeAddress.In(Networks(networks), Local("127.0.0.1", "::1", "172.31.251.3", "172.31.250.7", "fd00::7", "fd00:1::7", "fe80::7%2"));

        Assert.Equal(IPAddress.Parse(expected), address);
    }

    [Fact]
    public void No_network_is_this_machine_alone() => Assert.Equal(IPAddress.Loopback, NodeAddress.In([]));

    [Theory]
    [InlineData("172.31.250.0/24")]
    [InlineData("fd00:1::/64")]
    [InlineData("fd00:1::/64, 172.31.250.0/24")]
    public void A_machine_outside_the_networks_is_an_error_that_names_them(string networks)
    {
        var e = Assert.Throws<InvalidOperationException>(() => NodeAddress.In(Networks(networks), Local("127.0.0.1", "::1")));

        Assert.Contains(networks, e.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1, ::1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_temporary_address_is_used_only_if_it_alone_is_named()
    {
        LocalAddress[] local = [new(IPAddress.Parse("fd00:1::bad"), IsLasting: false), .. Local("fd00:1::7")];

        Assert.Equal(IPAddress.Parse("fd00:1::7"), NodeAddress.In(Private6, local));
        Assert.Equal(IPAddress.Parse("fd00:1::bad"), NodeAddress.In(Networks("fd00:1::bad/128, fd00:1::/64"), local));
        Assert.Throws<InvalidOperationException>(() => NodeAddress.In(Private6, local[..1]));
    }

    [Fact]
    public void A_link_local_address_is_never_taken() =>
        Assert.Equal(IPAddress.Parse("fd00:1::7"), NodeAddress.In(Networks("::/0"), Local("fe80::7%2", "fd00:1::7")));

    [Fact]
    public void Of_several_IPv6_addresses_the_operator_names_one()
    {
        var local = Local("fd00:1::8", "fd00:1::7", "172.31.250.8", "172.31.250.7");

        var e = Assert.Throws<InvalidOperationException>(() => NodeAddress.In(Private6, local));
        Assert.Contains("fd00:1::8, fd00:1::7", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("as in fd00:1::8/128,fd00:1::/64.", e.Message, StringComparison.Ordinal);
        Assert.Equal(IPAddress.Parse("fd00:1::7"), NodeAddress.In(Networks("fd00:1::7/128, fd00:1::/64"), local));
        Assert.Equal(IPAddress.Parse("172.31.250.8"), NodeAddress.In(Private, local));
    }

    [Fact]
    public void The_system_reports_temporary_addresses()
    {
        string[] lines =
        [
            "fd000001000000000000000000000007 02 40 00 80     eth0",
            "fd000001000000001111222233334444 02 40 00 01     eth0",
            "fd000001000000005555666677778888 02 40 00 21     eth0",
            "fd000001000000000000000000000008 02 40 00 a0     eth0",
            "fd000001000000000000000000000009 02 40 00 88     eth0",
            "00000000000000000000000000000001 01 80 10 80       lo",
        ];

        Assert.Equal(["fd00:1::1111:2222:3333:4444", "fd00:1::5555:6666:7777:8888", "fd00:1::8", "fd00:1::9"], NodeAddress.Passing(lines).Select(one => one.ToString()));
    }

    [Fact]
    public async Task Seeds_are_addresses_or_names_with_an_address_inside_the_first_network_that_has_one()
    {
        Seed[] seeds = [new("172.31.250.11", 4053), new("fd00:1::11", 4054), new("both", 4055), new("four", 4056)];

        var resolved = await NodeAddress.ResolveSeedsAsync(seeds, [.. Private6, .. Private], name => Task.FromResult<IPAddress[]>(
            [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("172.31.250.12"), .. name == "both" ? [IPAddress.Parse("fe80::12%2"), IPAddress.Parse("fd00:1::12")] : Array.Empty<IPAddress>()]));

        Assert.Equal(
            ["172.31.250.11 4053", "fd00:1::11 4054", "fd00:1::12 4055", "172.31.250.12 4056"], resolved.Select(seed => $"{seed.Host} {seed.Port}"));
    }

    [Theory]
    [InlineData("elsewhere", "172.31.250.0/24", "172.31.250.0/24")]
    [InlineData("elsewhere", "fd00:1::/64", "fd00:1::/64")]
    [InlineData("172.31.250.11", "fd00:1::/64", "fd00:1::/64")]
    [InlineData("fd00:1::11", "", "Danmaku:Cluster:Network")]
    public async Task A_seed_without_an_address_there_is_named(string host, string networks, string named)
    {
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => NodeAddress.ResolveSeedsAsync(
            [new Seed(host, 4053)], Networks(networks), _ => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00:2::1")])));

        Assert.Contains($"'{new Seed(host, 4053)}'", e.Message, StringComparison.Ordinal);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    /// <summary>Seeds, what is kept of known nodes and what others say about themselves are compared as text.</summary>
    [Theory]
    [InlineData("10.0.0.11")]
    [InlineData("::1")]
    [InlineData("FD00:0001:0:0:0:0:0:0011")]
    [InlineData("2001:db8:0:1:0:0:0:1")]
    [InlineData("1:0:0:2::")]
    [InlineData("2001:db8::5efe:192.0.2.1")]
    [InlineData("::ffff:192.0.2.1")]
    public void An_address_in_the_address_of_a_node_is_read_as_it_was_written(string text)
    {
        var address = new Address("akka.tcp", "danmaku", NodeAddress.ToHost(IPAddress.Parse(text)), 4053);

        Assert.Equal(address, Address.Parse(address.ToString()));
        Assert.True(ActorPath.TryParseAddress(address.ToString(), out var read));
        Assert.Equal(address, read);
    }

    private static IPNetwork[] Networks(string text) =>
        [.. text.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(IPNetwork.Parse)];

    private static LocalAddress[] Local(params string[] addresses) => [.. addresses.Select(address => new LocalAddress(IPAddress.Parse(address), IsLasting: true))];
}
