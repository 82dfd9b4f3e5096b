using System.Net.WebSockets;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Conversations;
using Danmaku.Node.Endpoints;
using Danmaku.Node.Observability;
using Danmaku.Node.Options;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Danmaku.Node.Sockets;

/// <summary>From the request for a WebSocket to its end (docs/protocol.md §1).</summary>
internal sealed class SocketEndpoint(
    NodeSettings settings,
    SocketRegistry registry,
    Readiness readiness,
    IRooms rooms,
    ConversationFactory conversations,
    DanmakuMetrics metrics,
    TimeProvider time,
    ILogger<SocketEndpoint> logger)
{
    private static readonly Func<CancellationToken, Task<Position?>> NotOpened = _ => Task.FromResult<Position?>(null);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<string> _allowedOrigins = settings.Node.AllowedOriginList;

    /// <summary>A viewer of <paramref name="room"/>.</summary>
    public Task ViewAsync(HttpContext context, string room)
    {
        var format = Handshake.SelectFormat(context.Request.Headers.SecWebSocketProtocol);
        return RoomId.TryParse(room, out var id)
            ? AcceptAsync(context, (socket, top) => conversations.Create(socket, id, format, top), format, OpenFirst(id, format))
            : Problems.WriteAsync(context, StatusCodes.Status400BadRequest, "A room name matches ^[a-z0-9_-]{1,64}$.");
    }

    /// <summary>A viewer of the default room.</summary>
    public Task ViewDefaultAsync(HttpContext context) => ViewAsync(context, settings.Node.DefaultRoom);

    /// <summary>No room: every text message comes back.</summary>
    public Task EchoAsync(HttpContext context) => AcceptAsync(context, (socket, _) => new EchoConversation(socket), WireFormat.Plain, NotOpened);

    /// <summary>
    /// A plain-text viewer is in the room as soon as its connection is open, since nothing else tells it when it is. So its room is made
    /// ready before.
    /// </summary>
    private Func<CancellationToken, Task<Position?>> OpenFirst(RoomId room, WireFormat format) =>
        format.HasJoin ? NotOpened : cancellation => rooms.OpenAsync(room, cancellation);

    private async Task AcceptAsync(
        HttpContext context, Func<ViewerSocket, Position?, Conversation> converse, WireFormat format, Func<CancellationToken, Task<Position?>> open)
    {
        if (Refusal(context) is var (status, detail))
        {
            await RefuseAsync(context, status, detail);
            return;
        }

        var address = context.ClientAddress();
        switch (registry.Enter(address))
        {
            case PlaceRefusal.AddressFull:
                await RefuseAsync(context, StatusCodes.Status429TooManyRequests, "Too many connections from this address.");
                return;
            case PlaceRefusal.NodeFull or PlaceRefusal.Draining:
                await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "This edge takes no more viewers.");
                return;
        }

        try
        {
            var top = await open(context.RequestAborted);
            await ServeAsync(context, socket => converse(socket, top), format);
        }
        finally
        {
            registry.Leave(address);
        }
    }

    private (int Status, string Detail)? Refusal(HttpContext context)
    {
        var request = context.Request;
        if (!Handshake.IsUpgrade(request) || context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true })
        {
            return (StatusCodes.Status426UpgradeRequired, "This is for WebSockets.");
        }

        if (Handshake.Refusal(request) is { } status)
        {
            return (status, status == StatusCodes.Status426UpgradeRequired ? "The version must be 13." : "The key is not 16 bytes in base64.");
        }

        if (_allowedOrigins.Count > 0
            && request.Headers.Origin is { Count: > 0 } origins
            && (origins is not [{ } origin] || !_allowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase)))
        {
            return (StatusCodes.Status403Forbidden, "Not from this origin.");
        }

        return readiness.WhyNoViewers is { } reason ? (StatusCodes.Status503ServiceUnavailable, reason) : null;
    }

    private static Task RefuseAsync(HttpContext context, int status, string detail)
    {
        switch (status)
        {
            case StatusCodes.Status426UpgradeRequired:
                context.Response.Headers.SecWebSocketVersion = Handshake.Version;
                context.Response.Headers.Upgrade = "websocket";
                context.Response.Headers.Connection = "Upgrade";
                break;
            case StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable:
                context.Response.SetRetryAfter(RetryAfter);
                break;
        }

        return Problems.WriteAsync(context, status, detail);
    }

    private async Task ServeAsync(HttpContext context, Func<ViewerSocket, Conversation> converse, WireFormat format)
    {
        var connection = await UpgradeAsync(context, format);
        using var socket = new ViewerSocket(connection, settings.Connection, Aborting(context), metrics, time);
        var conversation = converse(socket);
        registry.Add(socket, conversation);
        try
        {
            await ConverseAsync(socket, conversation);
        }
        finally
        {
            registry.Remove(socket);
            conversation.End();
        }
    }

    private async Task ConverseAsync(ViewerSocket socket, Conversation conversation)
    {
        try
        {
            try
            {
                await conversation.BeginAsync();
                await new ReadLoop(socket, conversation, settings.Connection.MaxMessageBytes).RunAsync();
            }
            catch (WebSocketException error)
            {
                // Gone, or it broke RFC 6455; then the library has mostly said so already.
                if (error.WebSocketErrorCode != WebSocketError.ConnectionClosedPrematurely)
                {
                    socket.Close(CloseReason.ProtocolError);
                }

                await socket.LingerAsync();
            }
            catch (Exception error) when (!IsConnectionLoss(error))
            {
                logger.ConnectionFailed(error);
                socket.Close(CloseReason.InternalError);
                await socket.LingerAsync();
            }
        }
        catch (Exception error) when (IsConnectionLoss(error))
        {
            // The way most connections end.
        }
    }

    private static async Task<Stream> UpgradeAsync(HttpContext context, WireFormat format)
    {
        // Slow viewers are ours to judge, not the server's.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        var headers = context.Response.Headers;
        headers.Connection = "Upgrade";
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = Handshake.Accept(context.Request.Headers.SecWebSocketKey.ToString());
        if (format.Subprotocol is { } subprotocol)
        {
            headers.SecWebSocketProtocol = subprotocol;
        }

        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private static Action Aborting(HttpContext context) => context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort;

    private static bool IsConnectionLoss(Exception error) =>
        error is IOException or OperationCanceledException or ObjectDisposedException or WebSocketException;
}
