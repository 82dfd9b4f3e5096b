using Danmaku.WebSockets.Kestrel;

namespace Danmaku.Node.Cache;

/// <summary>
/// The paths that an edge answers itself and never requests from an origin: WebSockets, its own state, and the API, whose posts go to rooms through the
/// cluster. Everything else is content, which comes from an origin and may be cached. <c>/metrics</c> belongs to operators' server: here it is 404 and is not
/// forwarded.
/// </summary>
internal static class EdgePaths
{
    private static readonly PathString[] Own = ["/ws", "/websocket", "/echo", "/health", "/metrics", "/openapi"];

    public static bool IsOwn(HttpRequest request)
    {
        var path = request.Path;
        if (OpeningHandshake.IsUpgrade(request))
        {
            return true;
        }

        // A quick check first: hardly any content begins with these.
        foreach (var own in Own)
        {
            if (path.StartsWithSegments(own))
            {
                return true;
            }
        }

        return path.StartsWithSegments("/api") && !IsHistory(request);
    }

    /// <summary><c>/api/rooms/{room}/history/…</c> is content: it is written once and read by many.</summary>
    private static bool IsHistory(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.Path.StartsWithSegments("/api/rooms", out var room)
        && room.Value is { Length: > 1 } rest
        && rest.IndexOf('/', 1) is > 0 and var end
        && new PathString(rest[end..]).StartsWithSegments("/history");
}
