using System.Collections.Concurrent;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;

namespace Danmaku.HttpCache;

/// <summary>What is under way, and what everything in the cache needs. Thread-safe.</summary>
internal sealed class CacheParts(
    CacheStore store, IUpstream upstream, HttpCacheOptions options, ICacheObserver observer, TimeProvider time, ILogger logger, CancellationToken stopping)
{
    /// <summary>Most resources that are known not to be shared; with more, all are forgotten.</summary>
    private const int MaxPassed = 10_000;

    private readonly Dictionary<CacheKey, List<Fill>> _fills = [];
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<CacheKey, DateTimeOffset> _passed = new();

    public CacheStore Store => store;

    public IUpstream Upstream => upstream;

    public HttpCacheOptions Options => options;

    public CacheRules Rules { get; } = options.ToRules();

    public string Name => options.Name;

    public ICacheObserver Observer => observer;

    public TimeProvider Time => time;

    public ILogger Logger => logger;

    /// <summary>The request as an origin gets it.</summary>
    /// <param name="whole">Without the client's conditions and ranges, and with those of <paramref name="stored"/>, which is to be validated.</param>
    public UpstreamRequest ToOrigin(CacheRequest request, string method, bool whole, IReadOnlyList<HttpField>? stored = null)
    {
        var fields = ForwardedRequest.Fields(request.Fields, whole);
        fields.RemoveAll(field => field.Is("Via"));
        fields.Add(new HttpField("Via", Via.Append(request.Fields.Combined("Via"), Name)));
        fields.Add(new HttpField("X-Forwarded-For", request.Client.ToString()));
        fields.Add(new HttpField("X-Forwarded-Proto", request.Scheme));
        if (stored is not null)
        {
            fields.AddRange(Preconditions.ForValidation(stored));
        }

        return new UpstreamRequest(method, request.Key.Target, request.Host, fields, request.Client);
    }

    /// <summary>Joins a fetch that is under way, or begins one.</summary>
    /// <param name="stored">What the request found, and <paramref name="head"/> what it was then.</param>
    /// <param name="isFirst">Whether it was begun for this request, which then gets what is for it alone.</param>
    /// <returns>Null when something else is stored meanwhile: a fetch has ended since the request looked, which may be all that it needs.</returns>
    public Fill? JoinOrStart(CacheRequest request, CacheEntry? stored, StoredHead? head, out bool isFirst)
    {
        Fill fill;
        lock (_gate)
        {
            if (_fills.TryGetValue(request.Key, out var fills) && fills.Find(other => other.MayServe(request, stored)) is { } same)
            {
                isFirst = false;
                return same;
            }

            // A fetch is forgotten only after what it brought is stored.
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

    /// <summary>Fetches for one request alone, whatever is under way; the answer may be stored all the same.</summary>
    public Fill Start(CacheRequest request, CacheEntry? stored)
    {
        var fill = New(request, stored);
        Run(fill);
        return fill;
    }

    /// <summary>Nobody joins this fetch any more.</summary>
    public void Forget(Fill fill)
    {
        lock (_gate)
        {
            if (_fills.TryGetValue(fill.Request.Key, out var fills) && fills.Remove(fill) && fills.Count == 0)
            {
                _fills.Remove(fill.Request.Key);
            }
        }
    }

    /// <summary>Whether what was last answered could not be shared, so that requests do not wait for each other.</summary>
    public bool IsPassed(CacheKey key) => !_passed.IsEmpty && _passed.TryGetValue(key, out var until) && time.GetUtcNow() < until;

    private Fill New(CacheRequest request, CacheEntry? stored)
    {
        // Variants that are there already tell by what a new one will differ.
        var vary = stored?.Head.Vary ?? (store.TryGet(request.Key, out var variants) ? variants[^1].Head.Vary : null);
        return new Fill(request, stored, vary, this);
    }

    private void Run(Fill fill) => _ = RunAsync(fill);

    private async Task RunAsync(Fill fill)
    {
        await Task.Yield();
        await fill.RunAsync(result => OnHead(fill, result), stopping);
        Forget(fill);
    }

    private void OnHead(Fill fill, FillResult result)
    {
        if (result is FillResult.Shared { Head: var head } && MayShare(head))
        {
            _passed.TryRemove(fill.Request.Key, out _);
            return;
        }

        Forget(fill);
        if (result is FillResult.Alone or FillResult.Shared)
        {
            Pass(fill.Request.Key);
        }
    }

    /// <summary>Whether those who waited may have it, and not only the one whose request brought it (RFC 9111 §4).</summary>
    public bool MayShare(StoredHead head) => !head.Freshness.MustValidate && head.Freshness.LeftAt(time.GetUtcNow()) > TimeSpan.Zero;

    private void Pass(CacheKey key)
    {
        if (_passed.Count >= MaxPassed)
        {
            _passed.Clear();
        }

        _passed[key] = time.GetUtcNow() + Options.PassFor;
    }
}
