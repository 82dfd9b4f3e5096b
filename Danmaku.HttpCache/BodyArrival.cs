using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;

namespace Danmaku.HttpCache;

/// <summary>Copies the body of a response into the cache while it arrives, and stores the entry when all of it is here.</summary>
/// <param name="length">The body's length according to the upstream; null if unknown.</param>
/// <param name="onTooLarge">Called if the body turns out to be too large to be stored. Requests that read it already get the rest.</param>
internal sealed class BodyArrival(CacheParts parts, CacheEntry entry, CachedBody body, long? length, Action onTooLarge)
{
    private const int BlockBytes = 64 * 1024;
    private const int FirstBlock = 16 * 1024;

    private byte[] _block = [];
    private int _used;
    private long _reserved;
    private bool _isKept = true;

    public async Task CopyAsync(UpstreamResponse response, long sequence, CancellationToken stopping)
    {
        try
        {
            if (await TryCopyAsync(response, stopping))
            {
                End(sequence);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            body.Fail(error);
        }
        finally
        {
            parts.Store.Release(_reserved);
            response.Dispose();
        }
    }

    /// <returns>False if it is not stored and no request reads it any more.</returns>
    private async Task<bool> TryCopyAsync(UpstreamResponse response, CancellationToken stopping)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        while (true)
        {
            idle.CancelAfter(parts.Options.Timeout);
            var piece = await ReadPieceAsync(response, idle.Token);
            if (piece.IsEmpty)
            {
                return true;
            }

            if (_isKept && (body.Length + piece.Length > parts.Options.MaxEntryBytes || !parts.Store.TryReserve(piece.Length)))
            {
                StopKeeping();
            }

            _reserved += _isKept ? piece.Length : 0;
            body.Append(piece);
            idle.CancelAfter(Timeout.InfiniteTimeSpan);
            if (!_isKept && !await body.HasRoomAsync(stopping))
            {
                return false;
            }
        }
    }

    private void StopKeeping()
    {
        _isKept = false;
        parts.Store.Release(_reserved);
        _reserved = 0;
        onTooLarge();
        body.StopKeeping();
    }

    private void End(long sequence)
    {
        if (length is { } expected && expected != body.Length)
        {
            throw new HttpIOException(HttpRequestError.ResponseEnded, "The response ended early.");
        }

        entry.Length = body.Length;
        body.Complete();
        if (_isKept)
        {
            parts.Store.TryAdd(entry, sequence);
        }
    }

    /// <summary>The next bytes, as soon as there are any; empty at the end. Blocks are filled one after the other.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadPieceAsync(UpstreamResponse response, CancellationToken cancellation)
    {
        if (_used == _block.Length)
        {
            var left = length - body.Length ?? FirstBlock;
            (_block, _used) = (new byte[left > 0 ? Math.Min(left, BlockBytes) : FirstBlock], 0);
        }

        var count = await response.Body.ReadAsync(_block.AsMemory(_used), cancellation);
        var piece = _block.AsMemory(_used, count);
        _used += count;
        return piece;
    }
}
