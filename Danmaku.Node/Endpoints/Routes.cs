using Danmaku.Core.Rooms;
using Danmaku.Node.History;
using Danmaku.Node.Sockets;
using Danmaku.WebSockets.Kestrel;
using OpenTelemetry.Metrics;

namespace Danmaku.Node.Endpoints;

/// <summary>Maps paths to endpoints (docs/protocol.md §1, §9).</summary>
internal static class Routes
{
    private static readonly string[] GetAndHead = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>The address of a room's WebSocket at a node; the node's address ends with a slash.</summary>
    public static Uri RoomAt(Uri node, RoomId room) =>
        new UriBuilder(new Uri(node, $"ws/{room.Value}")) { Scheme = node.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs }.Uri;

    public static void MapSockets(this WebApplication app)
    {
        var sockets = app.Services.GetRequiredService<SocketEndpoint>();
        var page = app.Services.GetRequiredService<Page>();
        app.MapMethods("/", GetAndHead, context =>
            OpeningHandshake.IsUpgrade(context.Request) ? sockets.ViewDefaultAsync(context) : page.Get(context).ExecuteAsync(context));
        app.MapGet("/websocket", sockets.ViewDefaultAsync);
        app.MapGet("/ws/{room}", context => sockets.ViewAsync(context, (string)context.GetRouteValue("room")!));
        app.MapGet("/echo", sockets.EchoAsync);
    }

    public static void MapApi(this WebApplication app)
    {
        app.MapPost("/api/rooms/{room}/danmaku", app.Services.GetRequiredService<PostEndpoint>().PostAsync)
            .WithName("postDanmaku")
            .WithTags("Rooms")
            .WithSummary("Posts a danmaku from a server.")
            .Accepts<PostBody>("application/json")
            .Produces<PostReply>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .ProducesProblem(StatusCodes.Status504GatewayTimeout);
        app.MapPost("/api/rooms/{room}/recalls", app.Services.GetRequiredService<RecallEndpoint>().PostAsync)
            .WithName("recall")
            .WithTags("Rooms")
            .WithSummary("Takes back one danmaku, all of one person, or everything.")
            .Accepts<RecallBody>("application/json")
            .Produces<PostReply>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .ProducesProblem(StatusCodes.Status504GatewayTimeout);
        app.MapCluster(app.Services.GetRequiredService<ClusterEndpoint>().Get);
        app.MapHistory();
        app.MapOpenApi();
    }

    /// <summary>Only on origins, which have a store.</summary>
    private static void MapHistory(this WebApplication app)
    {
        if (app.Services.GetService<HistoryEndpoint>() is not { } history)
        {
            return;
        }

        app.Map("/api/rooms/{room}/history", history.GetIndexAsync, "getHistory", "Names the segments of a room's history.");
        app.Map(
            "/api/rooms/{room}/history/{epoch}/{segment}", history.GetSegmentAsync, "getHistorySegment", "Gives one segment of a room's history.");
    }

    private static void Map(this WebApplication app, string path, Delegate handler, string name, string summary)
    {
        app.MapMethods(path, [HttpMethods.Head], handler).ExcludeFromDescription();
        app.MapGet(path, handler)
            .WithName(name)
            .WithTags("Rooms")
            .WithSummary(summary)
            .Produces(StatusCodes.Status200OK, contentType: "application/json")
            .Produces(StatusCodes.Status304NotModified)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    public static void MapHealth(this WebApplication app, Readiness readiness)
    {
        app.MapMethods("/health/live", GetAndHead, () => "live").ExcludeFromDescription();
        app.MapMethods("/health/ready", GetAndHead, () => readiness.WhyNot is { } reason
                ? Results.Text("not ready: " + reason, statusCode: StatusCodes.Status503ServiceUnavailable)
                : Results.Text(readiness.Warning is { } warning ? "ready, but " + warning : "ready"))
            .ExcludeFromDescription();
    }

    /// <summary>Maps the endpoints of the operators' server.</summary>
    /// <param name="node">The services of the node.</param>
    public static void MapOperators(this WebApplication app, IServiceProvider node)
    {
        app.MapHealth(node.GetRequiredService<Readiness>());
        app.MapPrometheusScrapingEndpoint("/metrics", node.GetRequiredService<MeterProvider>(), configureBranchedPipeline: null, optionsName: null);
        app.MapCluster(node.GetRequiredService<ClusterEndpoint>().GetWithAddresses);
        app.MapPost("/api/purge", node.GetRequiredService<PurgeEndpoint>().PostAsync)
            .WithName("purge")
            .WithTags("Cluster")
            .WithSummary("Takes a resource, or all of a room, out of the caches of all edges.")
            .Accepts<PurgeBody>("application/json")
            .Produces<PurgeReply>()
            .Produces<PurgeReply>(StatusCodes.Status504GatewayTimeout)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        app.MapOpenApi();
    }

    private static void MapCluster(this WebApplication app, Delegate handler) => app.MapGet("/api/cluster", handler)
        .WithName("getCluster")
        .WithTags("Cluster")
        .WithSummary("Tells what the cluster looks like from this node.");
}
