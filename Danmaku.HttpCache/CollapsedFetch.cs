using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;

namespace Danmaku.HttpCache;

/// <summary>One fetch from an origin, shared by all requests for the same resource. It belongs to none of them.</summary>
internal sealed class CollapsedFetch(CacheRequest request, CacheEntry? stored, Vary? expected, CacheParts parts)
{
    private readonly TaskCompletionSource<FetchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isTaken;
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

    /// <summary>A request does not wait any more. If the fetch was started for it, no other request can take a response that is not shared.</summary>
    public void AbandonIf(bool isFirst)
    {
        if (isFirst && TryTake())
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
                var arrival = new BodyArrival(parts, _slice ?? entry, Body!, _length, () => parts.Forget(this));
                await arrival.CopyAsync(response, sequence, stopping);
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
            return (Instead(null) ?? (FetchResult)new FetchResult.Failed(StatusOf(error)), null);
        }

        var head = new ResponseHead(response.Status, response.Fields, requested, parts.Time.GetUtcNow());
        if (Validated is { } validated && response.Status == StatusCodes.Status304NotModified)
        {
            return (OnNotModified(validated, head, response, sequence), null);
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

        return OnWhole(head, response, sequence);
    }

    private FetchResult.Shared OnNotModified(CacheEntry validated, ResponseHead head, UpstreamResponse response, long sequence)
    {
        response.Dispose();
        var freshened = validated.Head.Freshened(head, parts.Rules);
        parts.Store.Freshen(validated, freshened, sequence);
        return new FetchResult.Shared(validated, freshened, response.Status, response.IsInstead);
    }

    private static int StatusOf(Exception error) => error switch
    {
        UpstreamBusyException => StatusCodes.Status503ServiceUnavailable,
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded } =>
            StatusCodes.Status502BadGateway,
        _ => StatusCodes.Status504GatewayTimeout,
    };

    /// <summary>An answer has come that is no part: it is shared where it may be stored, as it is or in slices.</summary>
    private (FetchResult Result, UpstreamResponse? Body) OnWhole(ResponseHead head, UpstreamResponse response, long sequence)
    {
        var why = CachePolicy.WhyNotStored(request.Head, head, parts.Rules);
        if (request.Range is not null && CachePolicy.IsFailure(response.Status))
        {
            // The rest may still come, and is better than an error.
            return (new FetchResult.Alone(response, why), null);
        }

        if (why is NotStored.None && !(response.Length > parts.Options.MaxEntryBytes))
        {
            return Arrives(request.Key.Resource, StoredHead.Of(head, request.Fields, parts.Rules), response, response.Length);
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
            return Arrives(request.Key.Resource, stored, response, all.Complete);
        }

        if (request.Slice is { } slice)
        {
            return OnSlice(slice, range, stored, response, sequence);
        }

        if (response.Length > parts.Options.MaxEntryBytes)
        {
            return (new FetchResult.Alone(response, NotStored.Partial), null);
        }

        return Arrives(request.Key, StoredHead.Of(head, request.Fields, parts.Rules), response, response.Length);
    }

    private (FetchResult Result, UpstreamResponse? Body) OnSlice(
        ByteRange slice, ContentRange? range, StoredHead head, UpstreamResponse response, long sequence)
    {
        if (range is not { } part || part.Part != new ByteRange(slice.First, Math.Min(slice.Last, part.Complete - 1))
            || !IsAsLong(response, part.Part.Length) || Validator.Of(head.Fields, head.Response.ResponseTime) is not { } validator)
        {
            return (new FetchResult.Alone(response, NotStored.Partial), null);
        }

        (Body, _length) = (new CachedBody(part.Part.Length), part.Part.Length);
        _slice = new CacheEntry(request.Key, head, Body) { Complete = part.Complete };
        var resource = ResourceOf(head, validator, part.Complete, sequence);
        return (new FetchResult.Shared(resource, resource.Head, response.Status, response.IsInstead), response);
    }

    /// <summary>Everybody may have it while its body arrives.</summary>
    private (FetchResult Result, UpstreamResponse? Body) Arrives(CacheKey key, StoredHead head, UpstreamResponse response, long? length)
    {
        (Body, _length) = (new CachedBody(length), length);
        return (new FetchResult.Shared(new CacheEntry(key, head, Body), head, response.Status, response.IsInstead), response);
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
}
