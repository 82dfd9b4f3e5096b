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

/// <summary>The source of an answer.</summary>
/// <param name="Lookup"><see cref="CacheWriter.Memory"/>, <see cref="CacheWriter.Disk"/> or <see cref="CacheWriter.Upstream"/>.</param>
/// <param name="Status"><c>Cache-Status</c>.</param>
/// <param name="HasAge">Whether it was stored before the request.</param>
internal readonly record struct Provenance(Outcome Outcome, string Lookup, string Status, bool HasAge);

/// <summary>The part of a response that is sent.</summary>
/// <param name="Range">The part of its body; null for all of it.</param>
/// <param name="Complete">Bytes of the whole body; null when unknown.</param>
internal readonly record struct Cut(int Status, ByteRange? Range, long? Complete);

/// <summary>Writes answers, and reports hits and misses in their headers.</summary>
internal sealed class CacheWriter(string name, ICacheObserver observer, TimeProvider time)
{
    public const string Memory = "memory";
    public const string Disk = "disk";
    public const string Upstream = "upstream";

    /// <summary>Most bytes given to a connection at a time, so that slow connections hold no more.</summary>
    private const int Piece = 128 * 1024;

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
            : body.Length <= Piece ? response.BodyWriter.WriteAsync(body, context.RequestAborted).AsTask()
            : WritePiecesAsync(context, body);
    }

    /// <summary>Applies a request's conditions and range to a stored response.</summary>
    /// <param name="complete">Bytes of its body; null when unknown.</param>
    public Cut Choose(HttpContext context, IReadOnlyList<HttpField> request, int status, IReadOnlyList<HttpField> response, long? complete)
    {
        if (status != StatusCodes.Status200OK)
        {
            return new Cut(status, null, complete);
        }

        if (Preconditions.IsNotModified(request, response, time.GetUtcNow()))
        {
            return new Cut(StatusCodes.Status304NotModified, null, complete);
        }

        if (!HttpMethods.IsGet(context.Request.Method) || complete is null || !Preconditions.RangeApplies(request, response))
        {
            return new Cut(status, null, complete);
        }

        return ByteRange.Read(request.Only("Range"), complete.Value, out var part) switch
        {
            RangeAnswer.Part => new Cut(StatusCodes.Status206PartialContent, part, complete),
            RangeAnswer.NotSatisfiable => new Cut(StatusCodes.Status416RangeNotSatisfiable, null, complete),
            _ => new Cut(status, null, complete),
        };
    }

    /// <summary>Writes a stored response after applying the request's conditions, also while its body arrives.</summary>
    /// <returns>False when the beginning of the body is not available any more.</returns>
    public async Task<bool> WriteAsync(HttpContext context, IReadOnlyList<HttpField> request, StoredHead head, CachedBody body, Provenance from)
    {
        using var reader = body.TryRead();
        if (reader is null)
        {
            return false;
        }

        var cut = await ChooseAsync(context, request, head, body);
        reader.Skip(cut.Range?.First ?? 0);
        if (WriteHead(context, head, cut, from))
        {
            await CopyAsync(context, reader, cut.Range?.Length ?? long.MaxValue);
        }

        return true;
    }

    /// <summary>The same for a body whose length may be unknown: then a part waits until it has arrived.</summary>
    private async Task<Cut> ChooseAsync(HttpContext context, IReadOnlyList<HttpField> request, StoredHead head, CachedBody body)
    {
        var cut = Choose(context, request, head.Status, head.Fields, body.Expected);
        if (cut is not { Status: StatusCodes.Status200OK, Complete: null } || !HttpMethods.IsGet(context.Request.Method)
            || RangeSpec.Parse(request.Only("Range")) is not { } part || part is { First: 0, Last: null } || !Preconditions.RangeApplies(request, head.Fields))
        {
            return cut;
        }

        var range = part is { First: { } first, Last: { } last } ? new ByteRange(first, last) : default(ByteRange?);
        await body.ReachAsync(range?.Last + 1 ?? long.MaxValue, context.RequestAborted);
        return body.Expected is null && body.Length > range?.Last
            ? new Cut(StatusCodes.Status206PartialContent, range, null)
            : Choose(context, request, head.Status, head.Fields, body.Expected);
    }

    /// <summary>Writes status and fields of an answer from a stored response.</summary>
    /// <returns>Whether a body follows.</returns>
    public bool WriteHead(HttpContext context, StoredHead head, Cut cut, Provenance from)
    {
        SetHead(context, cut.Status, head.Fields, from);
        SetAge(context, head, from);
        if (head.Expires is { } expires)
        {
            context.Response.Headers.Expires = expires;
        }

        if (head.Status == StatusCodes.Status200OK && cut.Status != StatusCodes.Status304NotModified && !context.Response.Headers.ContainsKey("Accept-Ranges"))
        {
            context.Response.Headers.AcceptRanges = "bytes";
        }

        return SetCut(context, cut, head.Status);
    }

    /// <summary>Writes slices one after the other, and fetches the next one meanwhile.</summary>
    /// <param name="slice">The slice with the first byte of <paramref name="part"/>.</param>
    public static async Task CopyAsync(HttpContext context, SliceReader slices, SliceReader.Found slice, ByteRange part)
    {
        Task<SliceReader.Found>? next = null;
        try
        {
            for (var position = part.First; ;)
            {
                var end = Math.Min(slice.End, part.Last + 1);
                next = end <= part.Last ? slices.GetAsync(end, context.RequestAborted) : null;
                using (slice.Reader)
                {
                    if (await CopyAsync(context, slice.Reader, end - position) != end - position)
                    {
                        throw new IOException("A slice is not as long as it should be.");
                    }
                }

                if (next is null)
                {
                    return;
                }

                position = end;
                slice = await next;
                next = null;
            }
        }
        finally
        {
            _ = GiveUpAsync(next);
        }
    }

    /// <summary>Releases a slice that is not needed any more.</summary>
    private static async Task GiveUpAsync(Task<SliceReader.Found>? slice)
    {
        if (slice is null)
        {
            return;
        }

        await ((Task)slice).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (slice.IsCompletedSuccessfully)
        {
            (await slice).Reader.Dispose();
        }
    }

    /// <summary>Writes an answer for this client alone, at the client's pace.</summary>
    /// <param name="cut">The part that is sent. It is cut here if the upstream sends no parts.</param>
    /// <param name="timeout">The longest time between two pieces from the origin.</param>
    public async Task PassAsync(HttpContext context, UpstreamResponse response, Cut cut, Provenance from, TimeSpan timeout)
    {
        SetHead(context, cut.Status, response.Fields, from);
        if (response.Fields.Only("Age") is { } age)
        {
            context.Response.Headers.Age = age;
        }

        if (!SetCut(context, cut, response.Status))
        {
            return;
        }

        long left;
        try
        {
            left = await CopyAsync(context, response, cut, timeout);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            throw new IOException("The origin did not send the rest.", error);
        }

        if (left > 0 && context.Response.ContentLength is not null)
        {
            throw new IOException("The origin did not send the rest.");
        }
    }

    /// <returns>How many bytes the origin did not send.</returns>
    private static async Task<long> CopyAsync(HttpContext context, UpstreamResponse response, Cut cut, TimeSpan timeout)
    {
        var writer = context.Response.BodyWriter;
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var (skip, left) = (cut.Range?.First ?? 0, cut.Range?.Length ?? response.Length ?? long.MaxValue);
        while (left > 0)
        {
            idle.CancelAfter(timeout);
            var memory = writer.GetMemory();
            var count = await response.Body.ReadAsync(skip > 0 ? memory[..(int)Math.Min(memory.Length, skip)] : memory, idle.Token);
            idle.CancelAfter(Timeout.InfiniteTimeSpan);
            if (count == 0)
            {
                break;
            }

            if (skip > 0)
            {
                skip -= count;
                continue;
            }

            count = (int)Math.Min(count, left);
            left -= count;
            writer.Advance(count);
            await writer.FlushAsync(context.RequestAborted);
        }

        return left;
    }

    /// <summary>Sets status, <c>Content-Range</c> and length.</summary>
    /// <returns>Whether a body follows.</returns>
    private static bool SetCut(HttpContext context, Cut cut, int stored)
    {
        var headers = context.Response.Headers;
        if (cut.Status == StatusCodes.Status304NotModified)
        {
            return false;
        }

        if (cut.Status == StatusCodes.Status416RangeNotSatisfiable && stored == StatusCodes.Status200OK)
        {
            headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{cut.Complete}");
            headers.ContentLength = 0;
            return false;
        }

        if (cut.Range is { } range)
        {
            headers.ContentRange = range.ContentRange(cut.Complete);
        }

        if (!HasBody(cut.Status))
        {
            return false;
        }

        headers.ContentLength = cut.Range?.Length ?? cut.Complete;
        return !HttpMethods.IsHead(context.Request.Method);
    }

    /// <summary>Sets status and fields; a 304 gets only the fields that it may have.</summary>
    public void SetHead(HttpContext context, int status, IReadOnlyList<HttpField> fields, Provenance from)
    {
        var response = context.Response;
        response.StatusCode = status;
        foreach (var field in fields.EndToEnd())
        {
            if (StoredHead.IsSent(field.Name)
                && (status != StatusCodes.Status304NotModified || OfNotModified.Contains(field.Name, StringComparer.OrdinalIgnoreCase)))
            {
                response.Headers.Append(field.Name, field.Value);
            }
        }

        // Entries of other caches stay, and ours comes last (RFC 9211 §2); the same for Via.
        response.Headers.Via = Via.Append(fields.Combined("Via"), name);
        response.Headers["Cache-Status"] = fields.Combined("Cache-Status") is { } before && !from.HasAge ? before + ", " + from.Status : from.Status;
        response.Headers["X-Cache"] = _xCache[(int)from.Outcome];
        response.Headers["X-Cache-Lookup"] = from.Lookup;
        observer.Answered(Results[(int)from.Outcome]);
    }

    private static bool HasBody(int status) =>
        status is not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified);

    /// <summary>A response that was just fetched keeps the origin's age, and has none if the origin sent none.</summary>
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

    private static async Task WritePiecesAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        for (var sent = 0; sent < body.Length; sent += Piece)
        {
            await context.Response.BodyWriter.WriteAsync(body.Slice(sent, Math.Min(Piece, body.Length - sent)), context.RequestAborted);
        }
    }

    /// <returns>How many bytes were written.</returns>
    private static async Task<long> CopyAsync(HttpContext context, CachedBody.Reader reader, long most)
    {
        var left = most;
        while (left > 0)
        {
            var piece = await reader.ReadAsync(context.RequestAborted);
            if (piece.IsEmpty)
            {
                break;
            }

            piece = piece[..(int)Math.Min(Math.Min(piece.Length, Piece), left)];
            await context.Response.BodyWriter.WriteAsync(piece, context.RequestAborted);
            reader.Advance(piece.Length);
            left -= piece.Length;
        }

        return most - left;
    }
}
