using System.Data.Common;
using System.Net.Sockets;
using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;
using Danmaku.Core.Wire;
using Danmaku.HttpCache.Policy;
using Danmaku.Node.Endpoints;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace Danmaku.Node.History;

/// <summary><c>GET /api/rooms/{room}/history</c> and the paths below it (docs/history.md).</summary>
internal sealed class HistoryEndpoint(RoomHistory history, TimeProvider time)
{
    /// <summary>Most segments in one index; it links to the index of earlier ones.</summary>
    public const int MaxSegments = 2000;

    private const string Forever = "public, max-age=31536000, immutable";

    /// <summary>For answers that may still change: short enough to stay current.</summary>
    private const string Briefly = "public, max-age=2, stale-while-revalidate=10, stale-if-error=60";

    /// <summary>Bytes of compressed segments that an origin keeps, so that each is compressed once however many edges ask.</summary>
    private const long MaxBodyBytes = 64 * 1024 * 1024;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly BodyCache _bodies = new(MaxBodyBytes);

    /// <param name="before">Only segments before this position, as an index names it: epoch, a dot, offset.</param>
    public Task<IResult> GetIndexAsync(HttpContext context, string room, [FromQuery] string? before, CancellationToken cancellation) =>
        OrLaterAsync(context, async () =>
        {
            if (!RoomId.TryParse(room, out var id) || !TryReadBefore(before, out var end))
            {
                return NotFound();
            }

            if (await history.IndexAsync(id, cancellation) is not { } index)
            {
                return NotFound();
            }

            var content = HistoryFormat.Index(id, index.Head, Page(index, end, out var earlier), earlier is { } first ? Earlier(id, first) : null);
            return Send(context, id, Briefly, EncodedBody.Pack(content, Coding(context), isKept: false));
        });

    public Task<IResult> GetSegmentAsync(HttpContext context, string room, string epoch, string segment, CancellationToken cancellation) =>
        OrLaterAsync(context, async () =>
        {
            if (!RoomId.TryParse(room, out var id) || !SegmentName.TryRead(epoch, 1, out var number) || !SegmentName.TryParse(segment, out var name))
            {
                return NotFound();
            }

            if (await history.FindAsync(id, number, name, cancellation) is not { } extent)
            {
                return NotFound();
            }

            var (path, coding) = (HistoryFormat.SegmentPath(id, number, name), Coding(context));
            if (_bodies.Find(path, coding) is { } known)
            {
                return Send(context, id, Forever, known);
            }

            if (await history.ReadAsync(id, extent, number, name, cancellation) is not { } content)
            {
                return NotFound();
            }

            var bytes = HistoryFormat.Segment(id, number, name.Revision, content.IsSealed, content.Comments);
            if (name.Last is null)
            {
                return Send(context, id, Briefly, EncodedBody.Pack(bytes, coding, isKept: false));
            }

            // Not later than now, even if a wrong clock stamped it (RFC 9110 §8.8.2.1).
            var lastModified = DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(content.Segment.To, time.GetUtcNow().ToUnixTimeMilliseconds()));
            var body = EncodedBody.Pack(bytes, coding, isKept: true, lastModified);
            _bodies.Add(path, body);
            return Send(context, id, Forever, body);
        });

    private static IReadOnlyList<(Segment Segment, long Revision, bool IsSealed)> Page(HistoryIndex index, Position? end, out Position? earlier)
    {
        var through = index.Segments.Count;
        while (end is { } position && through > 0 && index.Segments[through - 1].First >= position)
        {
            through--;
        }

        var from = Math.Max(0, through - MaxSegments);
        earlier = from > 0 ? index.Segments[from].First : null;
        return
        [
            .. Enumerable.Range(from, through - from)
                .Select(i => (index.Segments[i], Revision.Of(index.Segments[i], index.Revisions), index.IsSealed[i])),
        ];
    }

    private static string Earlier(RoomId room, Position first) => $"{HistoryFormat.IndexPath(room)}?before={first.Epoch}.{first.Offset}";

    private static bool TryReadBefore(string? text, out Position? position)
    {
        position = null;
        if (text is null)
        {
            return true;
        }

        if (text.Split('.') is [var epochText, var offsetText]
            && SegmentName.TryRead(epochText, 1, out var epoch)
            && SegmentName.TryRead(offsetText, 1, out var offset))
        {
            position = new Position(epoch, offset);
        }

        return position is not null;
    }

    private static ContentCoding Coding(HttpContext context) => ContentCodings.Choose(context.Request.Headers.AcceptEncoding);

    private static IResult Send(HttpContext context, RoomId room, string caching, EncodedBody body)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = caching;
        headers.Vary = HeaderNames.AcceptEncoding;
        headers["Cache-Tag"] = HistoryFormat.CacheTag(room);
        if (body.Coding != ContentCoding.Identity)
        {
            headers.ContentEncoding = body.Coding.Name();
        }

        return Results.Bytes(body.Bytes, "application/json", lastModified: body.LastModified, entityTag: body.Tag);
    }

    private static IResult NotFound() => Results.Problem("There is no such history.", statusCode: StatusCodes.Status404NotFound);

    /// <summary>Answers 503 while the store is away; caches must not keep that.</summary>
    private static async Task<IResult> OrLaterAsync(HttpContext context, Func<Task<IResult>> get)
    {
        try
        {
            return await get();
        }
        catch (Exception error) when (error is DbException or IOException or TimeoutException or SocketException)
        {
            context.Response.SetRetryAfter(RetryAfter);
            return Results.Problem("The room's history cannot be read at the moment.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
