using System.Globalization;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;

namespace Danmaku.HttpCache;

/// <summary>A request without its connection.</summary>
/// <param name="Host">The host for the origin; null for its own name.</param>
internal sealed record CacheRequest(CacheKey Key, RequestHead Head, string? Host, System.Net.IPAddress Client, string Scheme)
{
    public IReadOnlyList<HttpField> Fields => Head.Fields;

    /// <summary>The slice to fetch; null if none.</summary>
    public ByteRange? Slice { get; private init; }

    /// <summary>The part to fetch, as a <c>Range</c>; null for the whole.</summary>
    public string? Range { get; private init; }

    /// <param name="first">A byte of the slice.</param>
    /// <param name="bytes">Bytes of each slice but the last.</param>
    public CacheRequest ForSlice(long first, long bytes)
    {
        var number = first / bytes;
        var start = number * bytes;
        var slice = new ByteRange(start, start > long.MaxValue - bytes ? long.MaxValue - 1 : start + bytes - 1);
        return this with
        {
            Key = Key with { Part = string.Create(CultureInfo.InvariantCulture, $"slice {number}") },
            Slice = slice,
            Range = new RangeSpec(slice.First, slice.Last).ToString(),
        };
    }

    /// <summary>A part that cannot be combined from slices, fetched exactly as requested.</summary>
    public CacheRequest ForPart(RangeSpec part) => this with { Key = Key with { Part = part.ToString() }, Range = part.ToString() };
}

/// <summary>The result of a fetch, known when the head of the answer has arrived.</summary>
internal abstract record FetchResult
{
    /// <summary>Stored, or about to be: all requests may use it. Its body may still be arriving.</summary>
    /// <param name="Entry">For a slice, the whole to which it belongs.</param>
    /// <param name="Status">The origin's status; 304 when the stored response is still valid.</param>
    /// <param name="IsInstead">Whether this process answered in place of an origin.</param>
    public sealed record Shared(CacheEntry Entry, StoredHead Head, int Status, bool IsInstead) : FetchResult;

    /// <summary>Only for the request that caused the fetch.</summary>
    public sealed record Alone(UpstreamResponse Response, NotStored Why) : FetchResult;

    /// <summary>No answer, or a failure of the origin; the stored response is used instead.</summary>
    public sealed record Stale(CacheEntry Entry, int? Status) : FetchResult;

    /// <param name="Status">502, 503 or 504.</param>
    public sealed record Failed(int Status) : FetchResult;
}

/// <summary>One fetch from an origin, shared by all requests for the same resource. It belongs to none of them.</summary>
internal sealed class CollapsedFetch(CacheRequest request, CacheEntry? stored, Vary? expected, CacheParts parts)
{
    private const int BlockBytes = 64 * 1024;
    private const int FirstBlock = 16 * 1024;

    private readonly TaskCompletionSource<FetchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isTaken;
    private byte[] _block = [];
    private int _used;
    private CacheEntry? _slice;
    private long? _length;

    /// <summary>The request that caused it.</summary>
    public CacheRequest Request => request;

    /// <summary>The stored response that is being validated; null if none.</summary>
    public CacheEntry? Stored => stored;

    /// <summary>A part is never validated: if it is stale, the whole is validated.</summary>
    private CacheEntry? Validated => request.Range is null ? stored : null;

    public Task<FetchResult> Result => _result.Task;

    /// <summary>Completes when the response is stored, or will not be.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether the requested slice arrives, and not the whole.</summary>
    public bool IsSlice => _slice is not null;

    /// <summary>The body while it arrives; null before that, and if it is not shared.</summary>
    public CachedBody? Body { get; private set; }

    /// <summary>Whether another request may wait for this fetch, judged before the answer has arrived.</summary>
    public bool MayServe(CacheRequest other, CacheEntry? otherStored)
    {
        if (stored != otherStored)
        {
            return false;
        }

        return expected is null || expected.KeyOf(request.Fields) == expected.KeyOf(other.Fields);
    }

    /// <summary>Claims a response that cannot be shared, or marks it as abandoned: the first caller gets true, the other false.</summary>
    public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;

    /// <summary>No request waits any more that could take a response that is not shared.</summary>
    public void Abandon()
    {
        if (TryTake())
        {
            _ = DisposeAsync();
        }
    }

    /// <param name="onHead">Called when the result for other requests is known.</param>
    public async Task RunAsync(Action<FetchResult> onHead, CancellationToken stopping)
    {
        var sequence = parts.Store.BeginFill();
        try
        {
            var (result, response) = await StartAsync(sequence, stopping);
            onHead(result);
            _result.SetResult(result);
            if (response is not null && result is FetchResult.Shared { Entry: var entry })
            {
                await CopyAsync(_slice ?? entry, response, sequence, stopping);
            }
        }
        catch (Exception error)
        {
            // Expected failures are results; this is a bug, or the process is ending.
            if (!stopping.IsCancellationRequested)
            {
                parts.Logger.FillFailed(error);
            }

            if (_result.TrySetResult(new FetchResult.Failed(StatusCodes.Status502BadGateway)))
            {
                onHead(new FetchResult.Failed(StatusCodes.Status502BadGateway));
            }

            Body?.Fail(error);
        }
        finally
        {
            parts.Store.EndFill(sequence);
            _ended.SetResult();
        }
    }

    private async Task DisposeAsync()
    {
        if (await _result.Task is FetchResult.Alone { Response: var response })
        {
            response.Dispose();
        }
    }

    private async Task<(FetchResult Result, UpstreamResponse? Body)> StartAsync(long sequence, CancellationToken stopping)
    {
        var requested = parts.Time.GetUtcNow();
        UpstreamResponse response;
        try
        {
            response = await parts.Upstream.SendAsync(parts.ToOrigin(request, "GET", whole: true, Validated?.Head.Fields), stopping);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            var status = error switch
            {
                UpstreamBusyException => StatusCodes.Status503ServiceUnavailable,
                HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded } =>
                    StatusCodes.Status502BadGateway,
                _ => StatusCodes.Status504GatewayTimeout,
            };
            return (Instead(null) ?? (FetchResult)new FetchResult.Failed(status), null);
        }

        var head = new ResponseHead(response.Status, response.Fields, requested, parts.Time.GetUtcNow());
        if (Validated is { } validated && response.Status == StatusCodes.Status304NotModified)
        {
            response.Dispose();
            var freshened = validated.Head.Freshened(head, parts.Rules);
            parts.Store.Freshen(validated, freshened, sequence);
            return (new FetchResult.Shared(validated, freshened, response.Status, response.IsInstead), null);
        }

        if (request.Range is not null && response.Status == StatusCodes.Status206PartialContent)
        {
            return OnPart(head, response, sequence);
        }

        if (CachePolicy.IsFailure(response.Status) && Instead(response.Status) is { } instead)
        {
            response.Dispose();
            return (instead, null);
        }

        if (response.Status is < 200 or > 999)
        {
            response.Dispose();
            return (new FetchResult.Failed(StatusCodes.Status502BadGateway), null);
        }

        var why = CachePolicy.WhyNotStored(request.Head, head, parts.Rules);
        if (request.Range is not null && CachePolicy.IsFailure(response.Status))
        {
            // The rest may still come, and is better than an error.
            return (new FetchResult.Alone(response, why), null);
        }

        if (why is NotStored.None && !(response.Length > parts.Options.MaxEntryBytes))
        {
            var whole = StoredHead.Of(head, request.Fields, parts.Rules);
            (Body, _length) = (new CachedBody(response.Length), response.Length);
            return (new FetchResult.Shared(new CacheEntry(request.Key.Resource, whole, Body), whole, response.Status, response.IsInstead), response);
        }

        if (why is NotStored.None && request.Range is null && parts.HasParts(request.Key, head) && response.Length is { } length)
        {
            // All requests read it in slices, each at its own pace, and slices that one has read are there for the next.
            response.Dispose();
            var sliced = Sliced(StoredHead.Of(head, request.Fields, parts.Rules), length);
            parts.Store.TryAdd(sliced, sequence);
            return (new FetchResult.Shared(sliced, sliced.Head, response.Status, response.IsInstead), null);
        }

        // The origin has another response now, and it must not be stored.
        if (Validated is not null && !CachePolicy.IsFailure(response.Status))
        {
            parts.Store.Remove(Validated);
        }

        return (new FetchResult.Alone(response, why), null);
    }

    /// <summary>A part has arrived. It is a slice if it is exactly what was requested, and belongs to a whole.</summary>
    private (FetchResult Result, UpstreamResponse? Body) OnPart(ResponseHead head, UpstreamResponse response, long sequence)
    {
        var range = ContentRange.Parse(response.Fields.Only("Content-Range"));
        var whole = head with
        {
            Status = StatusCodes.Status200OK,
            Fields = [.. response.Fields.Where(field => !field.Is("Content-Range") && !field.Is("Content-Length"))],
        };
        var why = CachePolicy.WhyNotStored(request.Head, whole, parts.Rules);
        if (why is not NotStored.None)
        {
            return (new FetchResult.Alone(response, why), null);
        }

        var stored = StoredHead.Of(whole, request.Fields, parts.Rules);
        if (range is { } all && all.Part.First == 0 && all.Part.Length == all.Complete && all.Complete <= parts.Options.MaxEntryBytes
            && IsAsLong(response, all.Complete))
        {
            (Body, _length) = (new CachedBody(all.Complete), all.Complete);
            return (new FetchResult.Shared(new CacheEntry(request.Key.Resource, stored, Body), stored, response.Status, response.IsInstead), response);
        }

        if (request.Slice is { } slice)
        {
            if (range is not { } part || part.Part != new ByteRange(slice.First, Math.Min(slice.Last, part.Complete - 1))
                || !IsAsLong(response, part.Part.Length) || Validator.Of(stored.Fields, head.ResponseTime) is not { } validator)
            {
                return (new FetchResult.Alone(response, NotStored.Partial), null);
            }

            (Body, _length) = (new CachedBody(part.Part.Length), part.Part.Length);
            _slice = new CacheEntry(request.Key, stored, Body) { Complete = part.Complete };
            var resource = ResourceOf(stored, validator, part.Complete, sequence);
            return (new FetchResult.Shared(resource, resource.Head, response.Status, response.IsInstead), response);
        }

        if (response.Length > parts.Options.MaxEntryBytes)
        {
            return (new FetchResult.Alone(response, NotStored.Partial), null);
        }

        var kept = StoredHead.Of(head, request.Fields, parts.Rules);
        (Body, _length) = (new CachedBody(response.Length), response.Length);
        return (new FetchResult.Shared(new CacheEntry(request.Key, kept, Body), kept, response.Status, response.IsInstead), response);
    }

    /// <summary>The whole to which a slice belongs: the stored one if it has the same validator, else a new one.</summary>
    private CacheEntry ResourceOf(StoredHead head, string validator, long complete, long sequence)
    {
        if (parts.Store.Find(request.Key.Resource, request.Fields) is { } there && there.Validator == validator && (there.Complete ?? there.Length) == complete)
        {
            if (there.IsUnchecked || !parts.MayShare(there.Head))
            {
                // A part with the same validator is as good as a 304.
                parts.Store.Freshen(there, head, sequence);
            }

            return there;
        }

        var made = Sliced(head, complete);
        parts.Store.TryAdd(made, sequence);
        return made;
    }

    private CacheEntry Sliced(StoredHead head, long complete) => new(request.Key.Resource, head, CachedBody.Empty) { Complete = complete };

    private static bool IsAsLong(UpstreamResponse response, long length) => response.Length is null || response.Length == length;

    private FetchResult.Stale? Instead(int? status) =>
        Validated is { IsUnchecked: false } entry && entry.Head.Freshness.MayReplaceError(parts.Time.GetUtcNow()) ? new FetchResult.Stale(entry, status) : null;

    private async Task CopyAsync(CacheEntry entry, UpstreamResponse response, long sequence, CancellationToken stopping)
    {
        var (body, reserved, isKept) = (Body!, 0L, true);
        try
        {
            using var idle = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            while (true)
            {
                idle.CancelAfter(parts.Options.Timeout);
                var piece = await ReadPieceAsync(response, body, idle.Token);
                if (piece.IsEmpty)
                {
                    break;
                }

                if (isKept && (body.Length + piece.Length > parts.Options.MaxEntryBytes || !parts.Store.TryReserve(piece.Length)))
                {
                    isKept = false;
                    parts.Store.Release(reserved);
                    reserved = 0;
                    parts.Forget(this);
                    body.StopKeeping();
                }

                reserved += isKept ? piece.Length : 0;
                body.Append(piece);
                idle.CancelAfter(Timeout.InfiniteTimeSpan);
                if (!isKept && !await body.HasRoomAsync(stopping))
                {
                    return;
                }
            }

            if (_length is { } expectedLength && expectedLength != body.Length)
            {
                throw new HttpIOException(HttpRequestError.ResponseEnded, "The response ended early.");
            }

            entry.Length = body.Length;
            body.Complete();
            if (isKept)
            {
                parts.Store.TryAdd(entry, sequence);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            body.Fail(error);
        }
        finally
        {
            parts.Store.Release(reserved);
            response.Dispose();
        }
    }

    /// <summary>The next bytes as soon as there are any; empty at the end. Fills one block after the other.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadPieceAsync(UpstreamResponse response, CachedBody body, CancellationToken cancellation)
    {
        if (_used == _block.Length)
        {
            var left = _length - body.Length ?? FirstBlock;
            (_block, _used) = (new byte[left > 0 ? Math.Min(left, BlockBytes) : FirstBlock], 0);
        }

        var count = await response.Body.ReadAsync(_block.AsMemory(_used), cancellation);
        var piece = _block.AsMemory(_used, count);
        _used += count;
        return piece;
    }
}
