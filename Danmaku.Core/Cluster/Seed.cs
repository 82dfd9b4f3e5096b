using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Danmaku.Core.Cluster;

/// <summary>A node that others join first, as written in the settings: <c>10.0.0.11:4053</c>, <c>[fd00:1::11]:4053</c> or <c>origin-1:4053</c>.</summary>
/// <param name="Host">An address, IPv6 without its brackets, or a name to look up.</param>
/// <param name="Port">1 to 65,535.</param>
public readonly record struct Seed(string Host, int Port)
{
    /// <param name="defaultPort">Used only in the problem's advice.</param>
    /// <param name="problem">Null when there is none; else one line with the text and, if possible, the right form.</param>
    /// <returns>Null when there is a problem.</returns>
    public static Seed? Parse(string text, int defaultPort, out string? problem)
    {
        var (host, port) = Split(text);
        var isBracketed = host is ['[', .., ']'];
        var bare = isBracketed ? host[1..^1] : host;
        var address = IPv6(bare);
        problem = bare.Contains('%', StringComparison.Ordinal) || address is { IsIPv6LinkLocal: true }
                ? $"'{text}' is link-local, so it is another node on each link; use an address that is the same on all machines"
            : !isBracketed && bare.Contains(':', StringComparison.Ordinal) ? Ambiguous(text, host, port, defaultPort)
            : port == 0 || bare.Length == 0 || bare.AsSpan().ContainsAny("[]") || isBracketed != (address is not null) ? $"'{text}' is not host:port"
            : null;
        return problem is null ? new Seed(bare, port) : null;
    }

    /// <summary>In the form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <summary>The port is 0 if there is none.</summary>
    private static (string Host, int Port) Split(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon >= 0 && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
            ? (text[..colon], port)
            : (text, 0);
    }

    private static string Ambiguous(string text, string host, int port, int defaultPort)
    {
        var right = port > 0 && IPv6(host) is not null ? $"[{host}]:{port}"
            : IPv6(text) is not null ? $"[{text}]:{defaultPort}"
            : $"[fd00:1::11]:{defaultPort}";
        return $"'{text}' can be read in two ways; write an IPv6 address in brackets, as in {right}";
    }

    private static IPAddress? IPv6(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? address : null;
}
