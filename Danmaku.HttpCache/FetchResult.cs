using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;

namespace Danmaku.HttpCache;

/// <summary>How a fetch ended, or rather: what is known when the head of the answer is here.</summary>
internal abstract record FetchResult
{
    /// <summary>Stored, or about to be: everybody may have it. Its body may still be arriving.</summary>
    /// <param name="Entry">After a slice, the whole to which it belongs.</param>
    /// <param name="Status">What the origin answered: 304 where what was stored stands.</param>
    /// <param name="IsInstead">Whether this process has stood in for an origin.</param>
    public sealed record Shared(CacheEntry Entry, StoredHead Head, int Status, bool IsInstead) : FetchResult;

    /// <summary>For nobody but the one who asked for it.</summary>
    public sealed record Alone(UpstreamResponse Response, NotStored Why) : FetchResult;

    /// <summary>No answer, or one that says that the origin failed, and what is stored stands in for it.</summary>
    public sealed record Stale(CacheEntry Entry, int? Status) : FetchResult;

    /// <param name="Status">502, 503 or 504.</param>
    public sealed record Failed(int Status) : FetchResult;
}
