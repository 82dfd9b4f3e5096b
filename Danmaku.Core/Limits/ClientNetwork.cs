using System.Buffers.Binary;
using System.Net;

namespace Danmaku.Core.Limits;

/// <summary>
/// One client of a limit per address: an IPv4 address, or an IPv6 network, because one subscriber has at least a /64 of addresses and may use any of them (RFC
/// 6177 §2, RFC 8981 §1).
/// </summary>
public readonly record struct ClientNetwork
{
    /// <summary>The longest prefix, with which each IPv6 address is a client by itself, and the shortest.</summary>
    public const int MaxPrefixLength = 128;
    public const int MinPrefixLength = 32;

    private readonly UInt128 _prefix;

    private ClientNetwork(UInt128 prefix) => _prefix = prefix;

    /// <param name="address">May be an IPv4 address in its IPv6-mapped form (<c>::ffff:a.b.c.d</c>), as on a dual-mode socket. A zone is ignored.</param>
    /// <param name="ipv6PrefixLength"><see cref="MinPrefixLength"/> to <see cref="MaxPrefixLength"/>; without effect for IPv4.</param>
    public static ClientNetwork Of(IPAddress address, int ipv6PrefixLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ipv6PrefixLength, MinPrefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ipv6PrefixLength, MaxPrefixLength);

        // A prefix of an IPv6 address cannot look like an IPv4 address: that would need all of the first 96 bits.
        Span<byte> bytes = stackalloc byte[16];
        var mapped = address.MapToIPv6();
        mapped.TryWriteBytes(bytes, out _);
        var bits = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return new ClientNetwork(mapped.IsIPv4MappedToIPv6 ? bits : bits & (UInt128.MaxValue << (MaxPrefixLength - ipv6PrefixLength)));
    }

    /// <summary>16 bytes that no other client has.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _prefix);
        return bytes;
    }
}
