using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Danmaku.Core.Wire;
using Microsoft.Extensions.Primitives;

namespace Danmaku.Node.Sockets;

/// <summary>The server's half of the opening handshake (RFC 6455 §4.2), as far as it needs no connection.</summary>
internal static class Handshake
{
    public const string Version = "13";

    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int KeyBytes = 16;

    /// <summary>Whether it asks for a WebSocket at all, well or badly (§4.2.1, items 1, 3 and 4).</summary>
    public static bool IsUpgrade(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && HttpProtocol.IsHttp11(request.Protocol)
        && HasToken(request.Headers.Upgrade, "websocket")
        && HasToken(request.Headers.Connection, "upgrade");

    /// <summary>Why a request for a WebSocket is refused; null when it is in order.</summary>
    public static ConnectRefusal? Refusal(HttpRequest request) =>
        request.Headers.SecWebSocketVersion != Version ? ConnectRefusal.WrongVersion
        : !IsKey(request.Headers.SecWebSocketKey) ? ConnectRefusal.BadKey
        : null;

    /// <summary>What proves that the server has read the key (§4.2.2, item 5.4).</summary>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 asks for SHA-1; nothing is kept secret with it.")]
    public static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));

    /// <summary>What is spoken: the first offered format that is known, else plain text; compressed if the client offers that too.</summary>
    public static Selection Select(IHeaderDictionary headers, bool compresses)
    {
        var format = SelectFormat(headers.SecWebSocketProtocol);
        return compresses && format.Deflated is { } deflated && MessageDeflate.Accept(headers.SecWebSocketExtensions) is { } answer
            ? new Selection(deflated, answer)
            : new Selection(format, null);
    }

    private static WireFormat SelectFormat(StringValues offered) =>
        Tokens(offered)
            .Select(token => WireFormat.All.FirstOrDefault(format => format.Subprotocol == token))
            .FirstOrDefault(format => format is not null)
        ?? WireFormat.Plain;

    private static bool IsKey(StringValues values)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        return values is [{ Length: 24 } text] && Convert.TryFromBase64String(text, key, out var length) && length == KeyBytes;
    }

    private static bool HasToken(StringValues header, string token) => Tokens(header).Contains(token, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<string> Tokens(StringValues header) =>
        header.SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}

/// <param name="Extensions">What to answer in <c>Sec-WebSocket-Extensions</c>; null for nothing.</param>
internal sealed record Selection(WireFormat Format, string? Extensions);
