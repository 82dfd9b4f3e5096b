using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Conversations;
using Danmaku.Node.Endpoints;
using Danmaku.Node.Options;
using Danmaku.Node.Strangers;
using Danmaku.WebSockets;
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
    MemoryBudget memory,
    RoomGate gate,
    ClientMarks marks,
    DanmakuMetrics metrics,
    TimeProvider time,
    ILogger<SocketEndpoint> logger)
{
    private static readonly Selection Plain = new(WireFormat.Plain, null);

    private readonly IReadOnlyList<string> _allowedOrigins = settings.Node.AllowedOriginList;
    private readonly ReaderOptions _plain = new(settings.MaxMessageBytes) { Binary = false, Memory = new InputMemory(memory) };
    private readonly ReaderOptions _deflating =
        new(settings.MaxMessageBytes) { Binary = false, Deflate = true, Memory = new InputMemory(memory) };

    /// <summary>A viewer of <paramref name="room"/>.</summary>
    public Task ViewAsync(HttpContext context, string room)
    {
        var selection = Handshake.Select(context.Request.Headers, settings.Connection.Compression);
        var address = context.ClientAddress();
        var source = marks.Of(settings.Connection.ClientOf(address));
        return RoomId.TryParse(room, out var id)
            ? AcceptAsync(context, id, (socket, top) => conversations.Create(socket, id, selection.Format, top, source, registry.PostsOf(address)), selection)
            : Problems.WriteAsync(context, StatusCodes.Status400BadRequest, "A room name matches ^[a-z0-9_-]{1,64}$.");
    }

    /// <summary>A viewer of the default room.</summary>
    public Task ViewDefaultAsync(HttpContext context) => ViewAsync(context, settings.Node.DefaultRoom);

    /// <summary>No room: every text message comes back.</summary>
    public Task EchoAsync(HttpContext context) => AcceptAsync(context, null, (socket, _) => new EchoConversation(socket), Plain);

    /// <param name="room">Null for none.</param>
    private async Task AcceptAsync(HttpContext context, RoomId? room, Func<ViewerSocket, Position?, Conversation> converse, Selection selection)
    {
        var address = context.ClientAddress();
        if ((Refusal(context) ?? Enter(address, room)) is { } refusal)
        {
            await RefuseAsync(context, refusal);
            return;
        }

        var isTakenOver = false;
        try
        {
            var top = await OpenFirstAsync(room, selection.Format, context.RequestAborted);
            var budget = registry.BudgetFor(address);
            Func<ViewerSocket, Conversation> begin = socket => converse(socket, top);
            isTakenOver = !HasTls(context)
                && context.Features.Get<RawConnection>()?.TryTakeOver(Serving(address, room, budget, begin, selection)) == true;
            var connection = await UpgradeAsync(context, selection);
            if (!isTakenOver)
            {
                await ServeAsync(new StreamSource(connection), connection, Aborting(context), budget, begin, selection);
            }
        }
        finally
        {
            if (!isTakenOver)
            {
                Leave(address, room);
            }
        }
    }

    private ConnectRefusal? Enter(IPAddress address, RoomId? room)
    {
        if (registry.Enter(address) is { } refusal)
        {
            return refusal;
        }

        if (room is { } id && gate.Enter(id, address) is { } wait)
        {
            registry.Leave(address);
            return ConnectRefusal.RoomsFull(wait);
        }

        return null;
    }

    private void Leave(IPAddress address, RoomId? room)
    {
        registry.Leave(address);
        if (room is { } id)
        {
            gate.Leave(id);
        }
    }

    /// <summary>
    /// A plain-text viewer is in the room as soon as its connection is open, since nothing else tells it when it is. So its room is made
    /// ready before.
    /// </summary>
    private Task<Position?> OpenFirstAsync(RoomId? room, WireFormat format, CancellationToken cancellation) =>
        room is { } id && !format.HasJoin ? rooms.OpenAsync(id, cancellation) : Task.FromResult<Position?>(null);

    /// <summary>What is done with a connection that outlives its request. It must not hold on to anything of that.</summary>
    private Func<RawConnection, Task> Serving(
        IPAddress address, RoomId? room, MessageBudget? budget, Func<ViewerSocket, Conversation> converse, Selection selection) => async connection =>
    {
        try
        {
            await ServeAsync(connection.OpenInput(), connection.OpenOutput(), connection.Abort, budget, converse, selection);
        }
        finally
        {
            Leave(address, room);
        }
    };

    private ConnectRefusal? Refusal(HttpContext context)
    {
        var request = context.Request;
        if (!Handshake.IsUpgrade(request) || context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true })
        {
            return ConnectRefusal.NoUpgrade;
        }

        if (Handshake.Refusal(request) is { } refusal)
        {
            return refusal;
        }

        if (_allowedOrigins.Count > 0
            && request.Headers.Origin is { Count: > 0 } origins
            && (origins is not [{ } origin] || !_allowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase)))
        {
            return ConnectRefusal.WrongOrigin;
        }

        return registry.IsDraining ? ConnectRefusal.Draining
            : readiness.WhyNoViewers is { } why ? ConnectRefusal.NotReady(why)
            : null;
    }

    private Task RefuseAsync(HttpContext context, ConnectRefusal refusal)
    {
        metrics.ConnectRefused(refusal.Reason);
        if (refusal.Status == StatusCodes.Status426UpgradeRequired)
        {
            context.Response.Headers.SecWebSocketVersion = Handshake.Version;
            context.Response.Headers.Upgrade = "websocket";
            context.Response.Headers.Connection = "Upgrade";
        }

        if (refusal.RetryAfter is { } wait)
        {
            context.Response.SetRetryAfter(wait);
        }

        return Problems.WriteAsync(context, refusal.Status, refusal.Detail);
    }

    /// <param name="source">What comes from the client.</param>
    /// <param name="budget">How fast it is read.</param>
    private async Task ServeAsync(
        IByteSource source, Stream output, Action abort, MessageBudget? budget, Func<ViewerSocket, Conversation> converse, Selection selection)
    {
        using var socket = new ViewerSocket(output, settings.Connection, memory, abort, metrics, time, budget);
        var conversation = converse(socket);
        var listener = new Listener(socket, conversation, logger);
        using var reader = new ConnectionReader(source, selection.Extensions is null ? _plain : _deflating, listener, time);
        registry.Add(socket, conversation);
        try
        {
            await BeginAsync(conversation, listener);
            await reader.RunAsync();
            await socket.WrittenAsync();
        }
        finally
        {
            registry.Remove(socket);
            conversation.End();
        }
    }

    private static async Task BeginAsync(Conversation conversation, Listener listener)
    {
        try
        {
            await conversation.BeginAsync();
        }
        catch (Exception error)
        {
            // The client is told, and then heard until its Close frame.
            listener.Failed(error);
        }
    }

    private static async Task<Stream> UpgradeAsync(HttpContext context, Selection selection)
    {
        // Slow viewers are ours to judge, not the server's.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        SystemBuffer.Bound(context.Features.Get<IConnectionSocketFeature>()?.Socket);

        var headers = context.Response.Headers;
        headers.Connection = "Upgrade";
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = Handshake.Accept(context.Request.Headers.SecWebSocketKey.ToString());
        if (selection.Format.Subprotocol is { } subprotocol)
        {
            headers.SecWebSocketProtocol = subprotocol;
        }

        if (selection.Extensions is { } extensions)
        {
            headers.SecWebSocketExtensions = extensions;
        }

        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private static bool HasTls(HttpContext context) => context.Features.Get<ITlsHandshakeFeature>() is not null;

    private static Action Aborting(HttpContext context) => context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort;
}
