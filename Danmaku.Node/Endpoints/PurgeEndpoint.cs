using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Node.Observability;
using Danmaku.Node.Options;

namespace Danmaku.Node.Endpoints;

/// <summary>A purge; exactly one of the two is set.</summary>
/// <param name="Url">A path with its query, or an absolute URL.</param>
/// <param name="Room">The room whose resources to remove.</param>
internal sealed record PurgeBody(string? Url, string? Room);

/// <param name="Revision">The room's new revision.</param>
/// <param name="Purged">Nodes that have removed it, and how many stored responses.</param>
/// <param name="Missing">Edges that did not answer in time.</param>
internal sealed record PurgeReply(long? Revision, IReadOnlyList<PurgedNode> Purged, IReadOnlyList<string> Missing);

/// <summary><c>POST /api/purge</c> (docs/protocol.md §9).</summary>
internal sealed class PurgeEndpoint(NodeSettings settings, IPurger purger, ILogger<PurgeEndpoint> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <remarks>Reads the body itself, so that a request without the key gets 401 whatever its body is.</remarks>
    public async Task<IResult> PostAsync(HttpContext context, CancellationToken cancellation)
    {
        if (settings.Node.OperatorKey.Length == 0)
        {
            return Results.Problem("This node has no operator key, so nobody may purge.", statusCode: StatusCodes.Status403Forbidden);
        }

        if (!context.Request.Holds(settings.Node.OperatorKey))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Results.Problem("Only operators with the key may purge.", statusCode: StatusCodes.Status401Unauthorized);
        }

        var (body, problem) = await JsonBody.ReadAsync<PurgeBody>(context, cancellation);
        return problem
            ?? (Read(body!) is { } order
                ? await PurgeAsync(context, order, cancellation)
                : Results.Problem("The body needs either a room, or a url that is absolute or begins with /.", statusCode: StatusCodes.Status400BadRequest));
    }

    private async Task<IResult> PurgeAsync(HttpContext context, PurgeOrder order, CancellationToken cancellation)
    {
        if (await purger.PurgeAsync(order, cancellation) is not PurgeResult.Told told)
        {
            context.Response.SetRetryAfter(RetryAfter);
            return Results.Problem("Nothing was purged: the room's store cannot be reached.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        logger.Purged(told.Nodes.Count, told.Nodes.Sum(node => node.Entries), string.Join(", ", told.Missing));
        return Results.Json(
            new PurgeReply(told.Revision, told.Nodes, told.Missing),
            statusCode: told.Missing.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status504GatewayTimeout);
    }

    private static PurgeOrder? Read(PurgeBody body) => body switch
    {
        { Url: { Length: > 0 and <= PurgeOrder.Url.MaxChars } url, Room: null } when IsUrl(url) => new PurgeOrder.Url(url),
        { Url: null, Room: { } name } when RoomId.TryParse(name, out var room) => new PurgeOrder.Room(room),
        _ => null,
    };

    private static bool IsUrl(string text) =>
        !text.AsSpan().ContainsAnyExceptInRange('!', '~')
        && (text[0] == '/' || (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme is "http" or "https")));
}
