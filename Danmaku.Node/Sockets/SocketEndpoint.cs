using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Conversations;
using Danmaku.Node.Endpoints;
using Danmaku.Node.Options;
using Danmaku.WebSockets;
using Danmaku.WebSockets.Kestrel;

namespace Danmaku.Node.Sockets;

/// <summary>Accepts WebSockets and serves them until they end (docs/protocol.md §1).</summary>
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
    private readonly WebSocketSessionOptions _session = ViewerSocket.OptionsOf(settings.Connection);
    private readonly IMemoryBudget _output = memory.For(MemoryKind.Output);
    private readonly IReadOnlyList<string> _allowedOrigins = settings.Node.AllowedOriginList;
    private readonly ReaderOptions _plain = new(settings.MaxMessageBytes) { Binary = false, Memory = memory.For(MemoryKind.Input) };
    private readonly ReaderOptions _deflating =
        new(settings.MaxMessageBytes) { Binary = false, Deflate = true, Memory = memory.For(MemoryKind.Input) };

    /// <summary>A viewer of <paramref name="room"/>.</summary>
    public Task ViewAsync(HttpContext context, string room)
    {
        var selection = Handshake.Select(context.Request.Headers, settings.Connection.Compression);
        var address = context.ClientAddress();
        var caller = new Caller(settings.Connection.ClientOf(address), context.Request.Bearer());
        var source = marks.Of(caller.Network);
        return RoomId.TryParse(room, out var id)
            ? AcceptAsync(
                context, id, (socket, top) => conversations.Create(socket, id, selection.Format, top, source, registry.PostsOf(address), caller), selection)
            : Problems.WriteAsync(context, StatusCodes.Status400BadRequest, "A room name matches ^[a-z0-9_-]{1,64}$.");
    }

    /// <summary>A viewer of the default room.</summary>
    public Task ViewDefaultAsync(HttpContext context) => ViewAsync(context, settings.Node.DefaultRoom);

    /// <summary>Not a room: the server sends every text message back.</summary>
    public Task EchoAsync(HttpContext context)
    {
        var selection = Handshake.SelectEcho(context.Request.Headers, settings.Connection.Compression);
        return AcceptAsync(context, null, (socket, _) => new EchoConversation(socket, selection.Extensions is not null), selection);
    }

    /// <param name="room">Null for none.</param>
    private async Task AcceptAsync(HttpContext context, RoomId? room, Func<ViewerSocket, Position?, Conversation> converse, Selection selection)
    {
        var address = context.ClientAddress();
        if ((Refusal(context) ?? Enter(address, room)) is { } refusal)
        {
            await RefuseAsync(context, refusal);
            return;
        }

        // Whoever has the connection last leaves: this request, or what outlives it.
        var outlivesRequest = false;
        try
        {
            var top = await OpenFirstAsync(room, selection.Format, context.RequestAborted);
            var budget = registry.BudgetFor(address);
            Func<ViewerSocket, Conversation> begin = socket => converse(socket, top);
            outlivesRequest = await context.AcceptWebSocketAsync(
                async connection =>
                {
                    try
                    {
                        await ServeAsync(connection, budget, begin, selection);
                    }
                    finally
                    {
                        LeaveIf(outlivesRequest, address, room);
                    }
                },
                selection.Format.Subprotocol,
                selection.Extensions);
        }
        finally
        {
            LeaveIf(!outlivesRequest, address, room);
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

    private void LeaveIf(bool isLast, IPAddress address, RoomId? room)
    {
        if (!isLast)
        {
            return;
        }

        registry.Leave(address);
        if (room is { } id)
        {
            gate.Leave(id);
        }
    }

    /// <summary>
    /// A plain-text viewer is in the room as soon as its connection is open: it gets no other sign. So its room is opened before the handshake is
    /// answered.
    /// </summary>
    private Task<Position?> OpenFirstAsync(RoomId? room, WireFormat format, CancellationToken cancellation) =>
        room is { } id && !format.HasJoin ? rooms.OpenAsync(id, cancellation) : Task.FromResult<Position?>(null);

    private ConnectRefusal? Refusal(HttpContext context)
    {
        if (Handshake.Refusal(context) is { } refusal)
        {
            return refusal;
        }

        if (_allowedOrigins.Count > 0
            && context.Request.Headers.Origin is { Count: > 0 } origins
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
            context.Response.Headers.SecWebSocketVersion = OpeningHandshake.Version;
            context.Response.Headers.Upgrade = "websocket";
            context.Response.Headers.Connection = "Upgrade";
        }

        if (refusal.RetryAfter is { } wait)
        {
            context.Response.SetRetryAfter(wait);
        }

        return Problems.WriteAsync(context, refusal.Status, refusal.Detail);
    }

    /// <param name="budget">How fast it is read.</param>
    private async Task ServeAsync(ClientConnection connection, MessageBudget? budget, Func<ViewerSocket, Conversation> converse, Selection selection)
    {
        using var socket = new ViewerSocket(
            new WebSocketSession(connection.Target, _session, _output, connection.Abort, time, metrics.Closed), metrics, budget);
        var conversation = converse(socket);
        var listener = new Listener(socket, conversation, logger);
        using var reader = new ConnectionReader(connection.Source, selection.Extensions is null ? _plain : _deflating, listener, time);
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
}
