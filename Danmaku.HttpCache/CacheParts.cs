using System.Collections.Concurrent;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;

namespace Danmaku.HttpCache;

/// <summary>The fetches under way, and the shared parts of the cache. Thread-safe.</summary>
internal sealed class CacheParts(
    CacheStore store, IUpstream upstream, HttpCacheOptions options, ICacheObserver observer, TimeProvider time, ILogger logger, CancellationToken stopping)
{
    /// <summary>The most resources for which the cache remembers a <see cref="Way"/>; with more it forgets all.</summary>
    private const int MaxWays = 10_000;

    private readonly Dictionary<CacheKey, List<CollapsedFetch>> _fills = [];
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<CacheKey, (Way Way, DateTimeOffset Until)> _ways = new();

    public CacheStore Store => store;

    public IUpstream Upstream => upstream;

    public HttpCacheOptions Options => options;

    public CacheRules Rules { get; } = options.ToRules();

    public string Name => options.Name;

    public ICacheObserver Observer => observer;

    public TimeProvider Time => time;

    public ILogger Logger => logger;

    /// <summary>The request for an origin.</summary>
    /// <param name="whole">Removes the client's conditions and ranges, and adds those that validate <paramref name="stored"/>.</param>
    public UpstreamRequest ToOrigin(CacheRequest request, string method, bool whole, IReadOnlyList<HttpField>? stored = null)
    {
        var fields = ForwardedRequest.Fields(request.Fields, whole);
        fields.RemoveAll(field => field.Is("Via"));
        fields.Add(new HttpField("Via", Via.Append(request.Fields.Combined("Via"), Name)));
        fields.Add(new HttpField("X-Forwarded-For", request.Client.ToString()));
        fields.Add(new HttpField("X-Forwarded-Proto", request.Scheme));
        if (whole && request.Range is { } range)
        {
            fields.Add(new HttpField("Range", range));
        }

        if (stored is not null)
        {
            fields.AddRange(Preconditions.ForValidation(stored));
        }

        return new UpstreamRequest(method, request.Key.Target, request.Host, fields, request.Client);
    }

    /// <summary>Joins a fetch under way, or begins one.</summary>
    /// <param name="stored">The stored response that the request found, and <paramref name="head"/> its head at that time.</param>
    /// <param name="isFirst">Whether the fetch was begun for this request, which then also gets a response that cannot be shared.</param>
    /// <returns>Null when something else was stored meanwhile: another fetch has ended since the lookup, and its result may be enough.</returns>
    public CollapsedFetch? JoinOrStart(CacheRequest request, CacheEntry? stored, StoredHead? head, out bool isFirst)
    {
        CollapsedFetch fill;
        lock (_gate)
        {
            if (_fills.TryGetValue(request.Key, out var fills) && fills.Find(other => other.MayServe(request, stored)) is { } same)
            {
                isFirst = false;
                return same;
            }

            // A fetch is removed only after its response is stored.
            var current = store.Find(request.Key, request.Fields);
            if (current != stored || current?.Head != head)
            {
                isFirst = false;
                return null;
            }

            if (fills is null)
            {
                _fills.Add(request.Key, fills = []);
            }

            fill = New(request, stored);
            fills.Add(fill);
            isFirst = true;
        }

        Run(fill);
        return fill;
    }

    /// <summary>The same for a part, whose earlier state does not matter.</summary>
    public CollapsedFetch? JoinOrStart(CacheRequest part, CacheEntry? stored, out bool isFirst) => JoinOrStart(part, stored, stored?.Head, out isFirst);

    /// <summary>Begins a fetch for one request alone. The answer may be stored.</summary>
    public CollapsedFetch Start(CacheRequest request, CacheEntry? stored)
    {
        var fill = New(request, stored);
        Run(fill);
        return fill;
    }

    /// <summary>Removes a fetch, so that no request joins it any more.</summary>
    public void Forget(CollapsedFetch fill)
    {
        lock (_gate)
        {
            Leave(fill, fill.Request.Key);
            Leave(fill, fill.Request.Key.Resource);
        }
    }

    /// <summary>The fetch of the whole under way that may also serve a request; null when there is none.</summary>
    public CollapsedFetch? UnderWay(CacheRequest request)
    {
        lock (_gate)
        {
            return _fills.TryGetValue(request.Key, out var fills) ? fills.Find(fill => fill.MayServe(request, null)) : null;
        }
    }

    /// <summary>How to request a resource, judged by its last answers.</summary>
    public Way WayOf(CacheKey key) => !_ways.IsEmpty && _ways.TryGetValue(key.Resource, out var known) && time.GetUtcNow() < known.Until ? known.Way : Way.Any;

    /// <summary>Whether the origin of a response sends parts of it that can be combined.</summary>
    public bool HasParts(CacheKey key, ResponseHead head) =>
        WayOf(key) is Way.Any
        && head.Fields.Combined("Accept-Ranges") is { } units && HttpFields.Members(units).Contains("bytes", StringComparer.OrdinalIgnoreCase)
        && Validator.Of(head.Fields, head.ResponseTime) is not null;

    /// <summary>A stored body, and where it was; null when it is not on the disk any more.</summary>
    public async ValueTask<(CachedBody Body, string Lookup)?> BodyOfAsync(CacheEntry entry, CancellationToken cancellation)
    {
        var lookup = CacheWriter.Memory;
        var body = entry.Body;
        if (body is null)
        {
            lookup = CacheWriter.Disk;
            body = await store.Disk.ReadAsync(entry, cancellation);
            if (body is null)
            {
                return null;
            }

            store.Promote(entry, body);
        }

        entry.InMemory?.Touch();
        return (body, lookup);
    }

    private CollapsedFetch New(CacheRequest request, CacheEntry? stored)
    {
        // The stored variants tell which fields a new one will vary by.
        var vary = stored?.Head.Vary ?? (store.TryGet(request.Key.Resource, out var variants) ? variants[^1].Head.Vary : null);
        return new CollapsedFetch(request, stored, vary, this);
    }

    private void Run(CollapsedFetch fill) => _ = RunAsync(fill);

    private async Task RunAsync(CollapsedFetch fill)
    {
        await Task.Yield();
        await fill.RunAsync(result => OnHead(fill, result), stopping);
        Forget(fill);
    }

    private void OnHead(CollapsedFetch fill, FetchResult result)
    {
        if (result is FetchResult.Shared shared && StaysOpen(fill, shared))
        {
            return;
        }

        Forget(fill);
        var key = fill.Request.Key.Resource;
        switch (result)
        {
            case FetchResult.Alone { Why: NotStored.Partial, Response.Status: StatusCodes.Status206PartialContent } when fill.Request.Slice is not null:
                Remember(key, Way.Parts);
                break;

            case FetchResult.Alone { Response.Status: StatusCodes.Status416RangeNotSatisfiable } when fill.Request.Range is not null:
                if (fill.Request.Slice is { First: 0 })
                {
                    // It is empty and has no parts.
                    Remember(key, Way.Whole);
                }

                break;

            case FetchResult.Alone or FetchResult.Shared:
                Remember(key, Way.Alone);
                break;
        }
    }

    /// <summary>Whether other requests can still join a fetch.</summary>
    private bool StaysOpen(CollapsedFetch fill, FetchResult.Shared shared)
    {
        if (fill.IsSlice)
        {
            // Requests can join it until it is stored; whether the whole may be used is decided elsewhere.
            return true;
        }

        var key = fill.Request.Key.Resource;
        if (fill.Request.Range is not null && shared.Entry.Key.Part is null)
        {
            Adopt(fill);
            if (shared.Status != StatusCodes.Status206PartialContent)
            {
                Remember(key, Way.Whole);
            }
        }

        if (!MayShare(shared.Head))
        {
            return false;
        }

        if (WayOf(key) is Way.Alone)
        {
            _ways.TryRemove(key, out _);
        }

        return true;
    }

    /// <summary>The upstream has answered a request for a part with the whole: requests for the whole may join.</summary>
    private void Adopt(CollapsedFetch fill)
    {
        lock (_gate)
        {
            if (!_fills.TryGetValue(fill.Request.Key.Resource, out var fills))
            {
                _fills.Add(fill.Request.Key.Resource, fills = []);
            }

            fills.Add(fill);
        }
    }

    private void Leave(CollapsedFetch fill, CacheKey key)
    {
        if (_fills.TryGetValue(key, out var fills) && fills.Remove(fill) && fills.Count == 0)
        {
            _fills.Remove(key);
        }
    }

    /// <summary>Whether waiting requests may use it, and not only the one that caused the fetch (RFC 9111 §4).</summary>
    public bool MayShare(StoredHead head) => !head.Freshness.MustValidate && head.Freshness.LeftAt(time.GetUtcNow()) > TimeSpan.Zero;

    /// <summary>Requests a resource in another way for the time of <see cref="HttpCacheOptions.PassFor"/>.</summary>
    public void Remember(CacheKey key, Way way)
    {
        if (_ways.Count >= MaxWays)
        {
            _ways.Clear();
        }

        _ways[key] = (way, time.GetUtcNow() + Options.PassFor);
    }
}

/// <summary>How a resource that is not stored is requested.</summary>
internal enum Way
{
    /// <summary>Nothing is known: parts in slices, everything else as a whole, with collapsed fetches.</summary>
    Any,

    /// <summary>Each request separately: answers could not be shared.</summary>
    Alone,

    /// <summary>Always the whole: the origin sends no parts.</summary>
    Whole,

    /// <summary>Parts exactly as requested: they have no strong validator and cannot be combined.</summary>
    Parts,
}
