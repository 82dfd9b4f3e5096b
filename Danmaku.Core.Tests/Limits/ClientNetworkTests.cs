using System.Net;
using Danmaku.Core.Limits;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Limits;

public sealed class ClientNetworkTests
{
    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", 64, true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", 64, false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", 48, true)]
    [InlineData("2001:db8::1", "2001:db8::2", 128, false)]
    [InlineData("2001:db8::2", "2001:db8::3", 127, true)]
    [InlineData("2001:db8::1", "2001:db8:ffff::1", 32, true)]
    [InlineData("2001:db8::1", "2001:db9::1", 32, false)]
    [InlineData("fe80::1%2", "fe80::1%3", 128, true)]
    [InlineData("203.0.113.1", "203.0.113.2", 32, false)]
    [InlineData("203.0.113.1", "::ffff:203.0.113.1", 64, true)]
    [InlineData("::ffff:203.0.113.1", "::ffff:203.0.113.2", 64, false)]
    [InlineData("127.0.0.1", "::1", 32, false)]
    [InlineData("0.0.0.0", "::", 32, false)]
    public void An_IPv4_address_is_one_client_and_so_is_an_IPv6_network(string one, string other, int prefixLength, bool isSame) =>
        Assert.Equal(isSame, Of(one, prefixLength) == Of(other, prefixLength));

    [Property]
    public bool IPv4_addresses_are_told_apart_in_either_form_whatever_the_prefix(uint one, uint other, byte length)
    {
        var (a, b) = (new IPAddress(one), new IPAddress(other));

        return (ClientNetwork.Of(a, Length(length)) == ClientNetwork.Of(b.MapToIPv6(), Length(length))) == (one == other);
    }

    [Property]
    public bool IPv6_addresses_are_one_client_exactly_when_their_first_bits_are_the_same(UInt128 one, byte differentBit, byte length)
    {
        var bit = differentBit % 128;
        var (a, b) = (IPv6(one), IPv6(one ^ (UInt128.One << (127 - bit))));

        return a.IsIPv4MappedToIPv6 || b.IsIPv4MappedToIPv6
            || (ClientNetwork.Of(a, Length(length)) == ClientNetwork.Of(b, Length(length))) == (bit >= Length(length));
    }

    [Property]
    public bool No_IPv6_network_is_an_IPv4_address(ulong high, ulong low, uint ipv4, byte length)
    {
        var address = IPv6(new UInt128(high & ~0xffUL, low));

        return address.IsIPv4MappedToIPv6 || ClientNetwork.Of(address, Length(length)) != ClientNetwork.Of(new IPAddress(ipv4), Length(length));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(129)]
    public void A_prefix_length_out_of_range_is_a_bug(int length) => Assert.Throws<ArgumentOutOfRangeException>(() => Of("2001:db8::1", length));

    private static ClientNetwork Of(string address, int prefixLength) => ClientNetwork.Of(IPAddress.Parse(address), prefixLength);

    private static int Length(byte any) => ClientNetwork.MinPrefixLength + (any % (ClientNetwork.MaxPrefixLength - ClientNetwork.MinPrefixLength + 1));

    private static IPAddress IPv6(UInt128 bits)
    {
        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        return new IPAddress(bytes);
    }
}
