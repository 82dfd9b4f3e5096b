using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>The server's half of the opening handshake (RFC 6455 §4.2).</summary>
public static class OpeningHandshake
{
    /// <summary>The only version of the protocol, for <c>Sec-WebSocket-Version</c>.</summary>
    public const string Version = "13";

    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int KeyBytes = 16;

    /// <summary>Whether a request asks for a WebSocket, valid or not (§4.2.1, items 1, 3 and 4).</summary>
    public static bool IsUpgrade(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && HttpProtocol.IsHttp11(request.Protocol)
        && HasToken(request.Headers.Upgrade, "websocket")
        && HasToken(request.Headers.Connection, "upgrade");

    /// <summary>Whether the HTTP server can give this request its connection; it cannot, for example, if the request has a body.</summary>
    public static bool CanUpgrade(HttpContext context) => context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };

    /// <summary>Whether it asks for the supported version (§4.2.1, item 6).</summary>
    public static bool HasVersion(HttpRequest request) => request.Headers.SecWebSocketVersion == Version;

    /// <summary>Whether it has a key of 16 bytes (§4.2.1, item 5).</summary>
    public static bool HasKey(HttpRequest request)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        return request.Headers.SecWebSocketKey is [{ Length: 24 } text]
            && Convert.TryFromBase64String(text, key, out var length) && length == KeyBytes;
    }

    /// <summary>The value that proves that the server has read the key (§4.2.2, item 5.4).</summary>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 asks for SHA-1; nothing is kept secret with it.")]
    public static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));

    /// <summary>The tokens of a header with a list.</summary>
    public static IEnumerable<string> Tokens(StringValues header) =>
        header.SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    private static bool HasToken(StringValues header, string token) => Tokens(header).Contains(token, StringComparer.OrdinalIgnoreCase);
}
