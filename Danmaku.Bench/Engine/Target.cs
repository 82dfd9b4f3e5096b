using System.Net;
using System.Net.Sockets;
using System.Text;
using Danmaku.Bench.Client;

namespace Danmaku.Bench.Engine;

/// <summary>Where viewers connect, and what they ask for there.</summary>
public sealed class Target
{
    /// <summary>What is offered for <c>permessage-deflate</c> (RFC 7692 §7.1): each message is compressed for itself.</summary>
    public const string Deflate = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";

    private const string Key = "ZGFubWFrdSBiZW5jaG1hcg==";

    private readonly byte[] _request;

    /// <param name="url">A ws:// or http:// address; the host is looked up once.</param>
    /// <exception cref="InvalidDataException">The host has no address.</exception>
    public Target(Uri url, string? subprotocol, bool isDeflateOffered)
    {
        (Url, Subprotocol, IsDeflateOffered) = (url, subprotocol, isDeflateOffered);
        Endpoint = new IPEndPoint(Resolve(url.Host), url.Port);
        _request = Encoding.ASCII.GetBytes(Handshake.Request(url, subprotocol, Key, isDeflateOffered ? Deflate : null));
    }

    public Uri Url { get; }

    public IPEndPoint Endpoint { get; }

    public string? Subprotocol { get; }

    public bool IsDeflateOffered { get; }

    public ReadOnlySpan<byte> Request => _request;

    /// <returns>Whether the server compresses.</returns>
    /// <exception cref="InvalidDataException">The answer is not the one that was asked for.</exception>
    public bool Check(ReadOnlySpan<byte> answer)
    {
        var extensions = Handshake.Check(Encoding.Latin1.GetString(answer).Split("\r\n"), Url, Subprotocol, Key);
        if (extensions is null)
        {
            return false;
        }

        return IsDeflateOffered && extensions.StartsWith("permessage-deflate", StringComparison.OrdinalIgnoreCase)
            && extensions.Contains("server_no_context_takeover", StringComparison.OrdinalIgnoreCase)
            ? true
            : throw new InvalidDataException($"{Url} answered with extensions that were not offered: {extensions}");
    }

    private static IPAddress Resolve(string host)
    {
        try
        {
            var addresses = Dns.GetHostAddresses(host.Trim('[', ']'));
            return addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
        }
        catch (SocketException unknown)
        {
            throw new InvalidDataException($"{host}: {unknown.Message}", unknown);
        }
    }
}
