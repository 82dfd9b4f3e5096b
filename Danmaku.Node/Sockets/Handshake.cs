using Danmaku.Core.Wire;
using Danmaku.WebSockets;
using Danmaku.WebSockets.Kestrel;
using Microsoft.Extensions.Primitives;

namespace Danmaku.Node.Sockets;

/// <summary>What is agreed on in the opening handshake (docs/protocol.md §1).</summary>
internal static class Handshake
{
    /// <summary>Why a request for a WebSocket is refused; null when it is in order.</summary>
    public static ConnectRefusal? Refusal(HttpContext context) =>
        !OpeningHandshake.IsUpgrade(context.Request) || !OpeningHandshake.CanUpgrade(context) ? ConnectRefusal.NoUpgrade
        : !OpeningHandshake.HasVersion(context.Request) ? ConnectRefusal.WrongVersion
        : !OpeningHandshake.HasKey(context.Request) ? ConnectRefusal.BadKey
        : null;

    /// <summary>What is spoken: the first offered format that is known, else plain text; compressed if the client offers that too.</summary>
    public static Selection Select(IHeaderDictionary headers, bool compresses)
    {
        var format = SelectFormat(headers.SecWebSocketProtocol);
        return compresses && format.Deflated is { } deflated && PerMessageDeflate.Accept(headers.SecWebSocketExtensions) is { } answer
            ? new Selection(deflated, answer)
            : new Selection(format, null);
    }

    /// <summary>What <c>/echo</c> speaks: text without a subprotocol, compressed if the client offers that.</summary>
    public static Selection SelectEcho(IHeaderDictionary headers, bool compresses) =>
        new(WireFormat.Plain, compresses ? PerMessageDeflate.Accept(headers.SecWebSocketExtensions) : null);

    private static WireFormat SelectFormat(StringValues offered) =>
        OpeningHandshake.Tokens(offered)
            .Select(token => WireFormat.All.FirstOrDefault(format => format.Subprotocol == token))
            .FirstOrDefault(format => format is not null)
        ?? WireFormat.Plain;
}

/// <param name="Extensions">What to answer in <c>Sec-WebSocket-Extensions</c>; null for nothing.</param>
internal sealed record Selection(WireFormat Format, string? Extensions);
