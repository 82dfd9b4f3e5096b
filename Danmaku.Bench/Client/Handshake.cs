using System.Security.Cryptography;
using System.Text;

namespace Danmaku.Bench.Client;

/// <summary>The opening handshake of RFC 6455 §4.1.</summary>
public static class Handshake
{
    /// <param name="key">16 bytes in base64.</param>
    public static string Request(Uri url, string? subprotocol, string key, string? extensions) =>
        $"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + $"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        + (subprotocol is null ? "" : $"Sec-WebSocket-Protocol: {subprotocol}\r\n")
        + (extensions is null ? "" : $"Sec-WebSocket-Extensions: {extensions}\r\n") + "\r\n";

    /// <param name="lines">The answer without the empty line at its end.</param>
    /// <returns>The extensions that the server has chosen; null for none.</returns>
    /// <exception cref="InvalidDataException">The server refuses; the message says why and what helps.</exception>
    public static string? Check(string[] lines, Uri url, string? subprotocol, string key)
    {
        var status = lines[0].Split(' ') is [_, var code, ..] ? code : lines[0];
        if (status != "101")
        {
            throw new InvalidDataException(Explain(status, url));
        }

        var headers = lines.Skip(1)
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(parts => parts.Length == 2)
            .ToLookup(parts => parts[0], parts => parts[1], StringComparer.OrdinalIgnoreCase);
        if (headers["Sec-WebSocket-Accept"].FirstOrDefault() != Accept(key))
        {
            throw new InvalidDataException($"{url} answered with a wrong Sec-WebSocket-Accept");
        }

        if (headers["Sec-WebSocket-Protocol"].FirstOrDefault() != subprotocol)
        {
            throw new InvalidDataException($"{url} does not speak {subprotocol ?? "without a subprotocol"}");
        }

        return headers["Sec-WebSocket-Extensions"].FirstOrDefault();
    }

    private static string Explain(string status, Uri url) => status switch
    {
        "429" => $"{url} answered 429: too many connections, or rooms, from one address: raise "
            + "Danmaku:Connection:ConnectionsPerAddress (1000 by default, 0 for no limit), or name more --source or --url. For more than "
            + "50 rooms at once also RoomsPerAddress and RoomsPerSecond, and for very many HttpRequestsPerSecond.",
        "503" => $"{url} answered 503: it is draining, not ready or full, or takes viewers more slowly: lower --connect-rate, or raise "
            + "Danmaku:Connection:ConnectsPerSecond (1000 by default, 0 for no limit).",
        "403" => $"{url} answered 403: it wants an Origin, and this tool sends none.",
        "404" or "200" => $"{url} answered {status}: is this a Danmaku node?",
        _ => $"{url} answered {status} instead of 101.",
    };

#pragma warning disable CA5350 // RFC 6455 asks for SHA-1; it protects nothing.
    private static string Accept(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
}
