using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;

namespace Danmaku.HttpCache;

/// <summary>What a request wants, apart from its connection.</summary>
/// <param name="Host">For the origin; null for its own name.</param>
internal sealed record CacheRequest(CacheKey Key, RequestHead Head, string? Host, System.Net.IPAddress Client, string Scheme)
{
    public IReadOnlyList<HttpField> Fields => Head.Fields;
}

/// <summary>How a fetch ended, or rather: what is known when the head of the answer is here.</summary>
internal abstract record FillResult
{
    /// <summary>Stored, or about to be: everybody may have it. Its body may still be arriving.</summary>
    /// <param name="Status">What the origin answered: 304 where what was stored stands.</param>
    /// <param name="IsInstead">Whether this process has stood in for an origin.</param>
    public sealed record Shared(CacheEntry Entry, StoredHead Head, int Status, bool IsInstead) : FillResult;

    /// <summary>For nobody but the one who asked for it.</summary>
    public sealed record Alone(UpstreamResponse Response, NotStored Why) : FillResult;

    /// <summary>No answer, or one that says that the origin failed, and what is stored stands in for it.</summary>
    public sealed record Stale(CacheEntry Entry, int? Status) : FillResult;

    /// <param name="Status">502, 503 or 504.</param>
    public sealed record Failed(int Status) : FillResult;
}

/// <summary>One fetch from an origin, for all who want the same meanwhile. It belongs to none of them.</summary>
internal sealed class Fill(CacheRequest request, CacheEntry? stored, Vary? expected, CacheParts parts)
{
    private const int BlockBytes = 64 * 1024;
    private const int FirstBlock = 16 * 1024;

    private readonly TaskCompletionSource<FillResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isTaken;
    private byte[] _block = [];
    private int _used;

    /// <summary>The request that began it.</summary>
    public CacheRequest Request => request;

    /// <summary>What is being validated; null where nothing was stored.</summary>
    public CacheEntry? Stored => stored;

    public Task<FillResult> Result => _result.Task;

    /// <summary>Done when all of it has been stored, or will not be.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The body while it arrives; null before that, and where it is not shared.</summary>
    public CachedBody? Body { get; private set; }

    /// <summary>Whether another request may wait for this one, as far as can be told before the answer is here.</summary>
    public bool MayServe(CacheRequest other, CacheEntry? otherStored)
    {
        if (stored != otherStored)
        {
            return false;
        }

        return expected is null || expected.KeyOf(request.Fields) == expected.KeyOf(other.Fields);
    }

    /// <summary>Takes a response that is for one alone, or says that nobody will: whoever is first has it, the other gets false.</summary>
    public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;

    /// <summary>Nobody waits any more who could have a response that is not shared.</summary>
    public void Abandon()
    {
        if (TryTake())
        {
            _ = DisposeAsync();
        }
    }

    /// <param name="onHead">Called when it is known what others get.</param>
    public async Task RunAsync(Action<FillResult> onHead, CancellationToken stopping)
    {
        var sequence = parts.Store.BeginFill();
        try
        {
            var (result, response) = await StartAsync(sequence, stopping);
            onHead(result);
            _result.SetResult(result);
            if (response is not null && result is FillResult.Shared { Entry: var entry })
            {
                await CopyAsync(entry, response, sequence, stopping);
            }
        }
        catch (Exception error)
        {
            // Expected failures are results; this is a bug, or the end of the process.
            if (!stopping.IsCancellationRequested)
            {
                parts.Logger.FillFailed(error);
            }

            if (_result.TrySetResult(new FillResult.Failed(StatusCodes.Status502BadGateway)))
            {
                onHead(new FillResult.Failed(StatusCodes.Status502BadGateway));
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
        if (await _result.Task is FillResult.Alone { Response: var response })
        {
            response.Dispose();
        }
    }

    private async Task<(FillResult Result, UpstreamResponse? Body)> StartAsync(long sequence, CancellationToken stopping)
    {
        var requested = parts.Time.GetUtcNow();
        UpstreamResponse response;
        try
        {
            response = await parts.Upstream.SendAsync(parts.ToOrigin(request, "GET", whole: true, stored?.Head.Fields), stopping);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            var status = error switch
            {
                UpstreamBusyException => StatusCodes.Status503ServiceUnavailable,
                HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded } => StatusCodes.Status502BadGateway,
                _ => StatusCodes.Status504GatewayTimeout,
            };
            return (Instead(null) ?? (FillResult)new FillResult.Failed(status), null);
        }

        var head = new ResponseHead(response.Status, response.Fields, requested, parts.Time.GetUtcNow());
        if (stored is not null && response.Status == StatusCodes.Status304NotModified)
        {
            response.Dispose();
            var freshened = stored.Head.Freshened(head, parts.Rules);
            parts.Store.Freshen(stored, freshened, sequence);
            return (new FillResult.Shared(stored, freshened, response.Status, response.IsInstead), null);
        }

        if (CachePolicy.IsFailure(response.Status) && Instead(response.Status) is { } instead)
        {
            response.Dispose();
            return (instead, null);
        }

        if (response.Status is < 200 or > 999)
        {
            response.Dispose();
            return (new FillResult.Failed(StatusCodes.Status502BadGateway), null);
        }

        var why = CachePolicy.WhyNotStored(request.Head, head, parts.Rules);
        if (why is NotStored.None && !(response.Length > parts.Options.MaxEntryBytes))
        {
            var stored = StoredHead.Of(head, request.Fields, parts.Rules);
            Body = new CachedBody(response.Length);
            return (new FillResult.Shared(new CacheEntry(request.Key, stored, Body), stored, response.Status, response.IsInstead), response);
        }

        // The origin has something else now, and that is not to be stored.
        if (stored is not null && !CachePolicy.IsFailure(response.Status))
        {
            parts.Store.Remove(stored);
        }

        return (new FillResult.Alone(response, why), null);
    }

    private FillResult.Stale? Instead(int? status) =>
        stored is { IsUnchecked: false } && stored.Head.Freshness.MayReplaceError(parts.Time.GetUtcNow()) ? new FillResult.Stale(stored, status) : null;

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

            if (response.Length is { } expectedLength && expectedLength != body.Length)
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

    /// <summary>The next bytes, as soon as there are any; empty at the end. Blocks are filled one after the other.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadPieceAsync(UpstreamResponse response, CachedBody body, CancellationToken cancellation)
    {
        if (_used == _block.Length)
        {
            var left = response.Length - body.Length ?? FirstBlock;
            (_block, _used) = (new byte[left > 0 ? Math.Min(left, BlockBytes) : FirstBlock], 0);
        }

        var count = await response.Body.ReadAsync(_block.AsMemory(_used), cancellation);
        var piece = _block.AsMemory(_used, count);
        _used += count;
        return piece;
    }
}
