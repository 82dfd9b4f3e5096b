using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;

namespace Danmaku.HttpCache;

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
