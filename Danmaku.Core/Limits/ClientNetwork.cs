using System.Buffers.Binary;
using System.Net;

namespace Danmaku.Core.Limits;

/// <summary>
/// What counts as one client where a limit is per address: an IPv4 address, or an IPv6 network, since one subscriber has at least a /64 of addresses
/// and may use any of them (RFC 6177 §2, RFC 8981 §1).
/// </summary>
public readonly record struct ClientNetwork
{
    /// <summary>The longest prefix, which makes each IPv6 address a client of its own, and the shortest.</summary>
    public const int MaxPrefixLength = 128;
    public const int MinPrefixLength = 32;

    private readonly UInt128 _prefix;

    private ClientNetwork(UInt128 prefix) => _prefix = prefix;

    /// <param name="address">An IPv4 address may also come in its IPv6-mapped form (<c>::ffff:a.b.c.d</c>), as on a dual-mode socket. A zone is ignored.</param>
    /// <param name="ipv6PrefixLength"><see cref="MinPrefixLength"/> to <see cref="MaxPrefixLength"/>; nothing to IPv4.</param>
    public static ClientNetwork Of(IPAddress address, int ipv6PrefixLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ipv6PrefixLength, MinPrefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ipv6PrefixLength, MaxPrefixLength);

        // No prefix of an IPv6 address looks like an IPv4 one: that needs all of the first 96 bits.
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
