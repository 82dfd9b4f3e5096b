using System.Globalization;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;
using Microsoft.Extensions.Primitives;

namespace Danmaku.HttpCache;

/// <summary>The first word of <c>X-Cache</c>.</summary>
internal enum Outcome
{
    Hit,
    Miss,
    Stale,
    Revalidated,
}

/// <summary>Where an answer comes from.</summary>
/// <param name="Lookup">Of <see cref="CacheWriter.Memory"/>, <see cref="CacheWriter.Disk"/>, <see cref="CacheWriter.Upstream"/>.</param>
/// <param name="Status"><c>Cache-Status</c>.</param>
/// <param name="HasAge">Whether it was stored before the request came.</param>
internal readonly record struct Provenance(Outcome Outcome, string Lookup, string Status, bool HasAge);

/// <summary>Writes answers, and says in their headers how they came about.</summary>
internal sealed class CacheWriter(string name, ICacheObserver observer, TimeProvider time)
{
    public const string Memory = "memory";
    public const string Disk = "disk";
    public const string Upstream = "upstream";

    /// <summary>What is given to a connection at a time, so that slow ones hold no more.</summary>
    private const int Slice = 128 * 1024;

    private static readonly string[] Words = ["HIT", "MISS", "STALE", "REVALIDATED"];
    private static readonly string[] Results = ["hit", "miss", "stale", "revalidated"];

    /// <summary>The fields of a 304 (RFC 9110 §15.4.5).</summary>
    private static readonly string[] OfNotModified =
        ["Cache-Control", "CDN-Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Last-Modified", "Vary"];

    private readonly StringValues[] _xCache = [.. Words.Select(word => new StringValues($"{word} from {name}"))];
    private readonly StringValues _via = Via.Append(null, name);

    /// <summary>A fresh response in one piece, to a request without conditions.</summary>
    public Task WriteFastAsync(HttpContext context, StoredHead head, ReadOnlyMemory<byte> body, DateTimeOffset now, bool isGet)
    {
        var (response, second) = (context.Response, head.At(now, name));
        var headers = response.Headers;
        response.StatusCode = head.Status;
        foreach (var (field, value) in head.Lines)
        {
            headers[field] = value;
        }

        headers.Age = second.Age;
        headers.Via = _via;
        headers["X-Cache"] = _xCache[(int)Outcome.Hit];
        headers["X-Cache-Lookup"] = Memory;
        headers["Cache-Status"] = second.CacheStatus;
        observer.Answered(Results[(int)Outcome.Hit]);
        if (!HasBody(head.Status))
        {
            return Task.CompletedTask;
        }

        headers.ContentLength = body.Length;
        return !isGet || body.Length == 0 ? Task.CompletedTask
            : body.Length <= Slice ? response.BodyWriter.WriteAsync(body, context.RequestAborted).AsTask()
            : WriteSlicesAsync(context, body);
    }

    /// <summary>A stored response or what the request's conditions make of it, also while its body arrives.</summary>
    /// <returns>False when too much of the body is gone already.</returns>
    public async Task<bool> WriteAsync(HttpContext context, IReadOnlyList<HttpField> request, StoredHead head, CachedBody body, Provenance from)
    {
        if (head.Status == StatusCodes.Status200OK && Preconditions.IsNotModified(request, head.Fields, time.GetUtcNow()))
        {
            SetHead(context, StatusCodes.Status304NotModified, head.Fields, from);
            SetAge(context, head, from);
            return true;
        }

        var (status, range) = (head.Status, default(ByteRange?));
        var answer = RangeAnswer.Whole;
        if (status == StatusCodes.Status200OK && HttpMethods.IsGet(context.Request.Method) && body.Expected is { } complete
            && Preconditions.RangeApplies(request, head.Fields))
        {
            answer = ByteRange.Read(request.Only("Range"), complete, out var part);
            (status, range) = answer switch
            {
                RangeAnswer.Part => (StatusCodes.Status206PartialContent, part),
                RangeAnswer.NotSatisfiable => (StatusCodes.Status416RangeNotSatisfiable, default(ByteRange?)),
                _ => (status, default(ByteRange?)),
            };
        }

        using var reader = body.TryRead(range?.First ?? 0);
        if (reader is null)
        {
            return false;
        }

        SetHead(context, status, head.Fields, from);
        SetAge(context, head, from);
        var headers = context.Response.Headers;
        if (head.Status == StatusCodes.Status200OK && !headers.ContainsKey("Accept-Ranges"))
        {
            headers.AcceptRanges = "bytes";
        }

        if (answer is RangeAnswer.NotSatisfiable)
        {
            headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{body.Expected}");
            headers.ContentLength = 0;
            return true;
        }

        if (range is { } cut)
        {
            headers.ContentRange = cut.ContentRange(body.Expected!.Value);
        }

        if (!HasBody(status))
        {
            return true;
        }

        headers.ContentLength = range?.Length ?? body.Expected;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await CopyAsync(context, reader, range?.Length ?? long.MaxValue);
        }

        return true;
    }

    /// <summary>An answer for this client alone, at the client's pace.</summary>
    /// <param name="timeout">Between two pieces from the origin.</param>
    public async Task PassAsync(HttpContext context, UpstreamResponse response, Provenance from, TimeSpan timeout)
    {
        SetHead(context, response.Status, response.Fields, from);
        if (response.Fields.Only("Age") is { } age)
        {
            context.Response.Headers.Age = age;
        }

        if (!HasBody(response.Status))
        {
            return;
        }

        context.Response.Headers.ContentLength = response.Length;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        var writer = context.Response.BodyWriter;
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var (total, count) = (0L, 0);
        try
        {
            do
            {
                idle.CancelAfter(timeout);
                count = await response.Body.ReadAsync(writer.GetMemory(), idle.Token);
                idle.CancelAfter(Timeout.InfiniteTimeSpan);
                writer.Advance(count);
                total += count;
                await writer.FlushAsync(context.RequestAborted);
            }
            while (count > 0);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            throw new IOException("The origin did not send the rest.", error);
        }

        if (response.Length is { } length && length != total)
        {
            throw new IOException("The origin did not send the rest.");
        }
    }

    /// <summary>Status and fields; a 304 only has those that belong to one.</summary>
    public void SetHead(HttpContext context, int status, IReadOnlyList<HttpField> fields, Provenance from)
    {
        var response = context.Response;
        response.StatusCode = status;
        foreach (var field in fields.EndToEnd())
        {
            if (StoredHead.IsSent(field.Name) && (status != StatusCodes.Status304NotModified || OfNotModified.Contains(field.Name, StringComparer.OrdinalIgnoreCase)))
            {
                response.Headers.Append(field.Name, field.Value);
            }
        }

        // What other caches on the way said stays, ours comes last (RFC 9211 §2), and so with Via.
        response.Headers.Via = Via.Append(fields.Combined("Via"), name);
        response.Headers["Cache-Status"] = fields.Combined("Cache-Status") is { } before && !from.HasAge ? before + ", " + from.Status : from.Status;
        response.Headers["X-Cache"] = _xCache[(int)from.Outcome];
        response.Headers["X-Cache-Lookup"] = from.Lookup;
        observer.Answered(Results[(int)from.Outcome]);
    }

    private static bool HasBody(int status) => status is not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified);

    /// <summary>A response that was just fetched has the age that the origin said, and none if it said none.</summary>
    private void SetAge(HttpContext context, StoredHead head, Provenance from)
    {
        if (from.HasAge)
        {
            context.Response.Headers.Age = head.At(time.GetUtcNow(), name).Age;
        }
        else if (head.Fields.Only("Age") is { } age)
        {
            context.Response.Headers.Age = age;
        }
    }

    private static async Task WriteSlicesAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        for (var sent = 0; sent < body.Length; sent += Slice)
        {
            await context.Response.BodyWriter.WriteAsync(body.Slice(sent, Math.Min(Slice, body.Length - sent)), context.RequestAborted);
        }
    }

    private static async Task CopyAsync(HttpContext context, CachedBody.Reader reader, long left)
    {
        while (left > 0)
        {
            var piece = await reader.ReadAsync(context.RequestAborted);
            if (piece.IsEmpty)
            {
                return;
            }

            piece = piece[..(int)Math.Min(Math.Min(piece.Length, Slice), left)];
            await context.Response.BodyWriter.WriteAsync(piece, context.RequestAborted);
            reader.Advance(piece.Length);
            left -= piece.Length;
        }
    }
}
