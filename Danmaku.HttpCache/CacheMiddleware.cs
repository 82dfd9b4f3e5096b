using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;

namespace Danmaku.HttpCache;

/// <summary>The HTTP cache in front of everything that is content: RFC 9111 as a shared cache, see docs/cdn.md.</summary>
internal sealed class CacheMiddleware
{
    private readonly string _name;
    private readonly bool _forwardsHost;
    private readonly CacheParts _parts;
    private readonly RequestGate _gate;
    private readonly CacheWriter _writer;
    private readonly ErrorWriter _errors;
    private readonly RequestForwarder _forwarder;
    private readonly CachedAnswer _cached;

    public CacheMiddleware(
        IUpstream upstream, HttpCacheOptions options, CacheStore store, ICacheObserver observer, TimeProvider time, IHostApplicationLifetime lifetime,
        ILogger<CacheMiddleware> logger)
    {
        _name = options.Name;
        _forwardsHost = options.ForwardHost;
        _parts = new CacheParts(store, upstream, options, observer, time, logger, lifetime.ApplicationStopped);
        _gate = new RequestGate(options);
        _writer = new CacheWriter(_name, observer, time);
        _errors = new ErrorWriter(_name, observer);
        _forwarder = new RequestForwarder(_parts, _writer, _errors);
        _cached = new CachedAnswer(_parts, _writer, _errors, _forwarder);
    }

    public Task InvokeAsync(HttpContext context)
    {
        if (!_gate.TryPass(context, out var key, out var refusal))
        {
            return RefuseAsync(context, refusal);
        }

        var (isGet, isHead) = (HttpMethods.IsGet(context.Request.Method), HttpMethods.IsHead(context.Request.Method));
        return (isGet || isHead) && TryFastHit(context, key, isGet) is { } hit ? hit : AnswerAsync(context, key, isGet || isHead);
    }

    private Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        if (refusal == Refusal.Method)
        {
            context.Response.Headers.Allow = _gate.Allow;
        }
        else if (refusal == Refusal.TwoLengths)
        {
            context.Response.Headers.Connection = "close";
        }

        return _errors.FailAsync(context, refusal.Status, new CacheStatus(_name) { Detail = refusal.Detail });
    }

    /// <summary>The common case: one fresh variant in memory, and a request without conditions.</summary>
    private Task? TryFastHit(HttpContext context, CacheKey key, bool isGet)
    {
        var headers = context.Request.Headers;
        if (!_parts.Store.TryGet(key, out var variants)
            || variants is not [{ IsUnchecked: false, Complete: null, Head: { Vary: null } head, Body: { Whole: { } whole } } entry]
            || headers.CacheControl.Count > 0 || headers.Range.Count > 0 || headers.IfNoneMatch.Count > 0 || headers.IfModifiedSince.Count > 0
            || headers.IfMatch.Count > 0 || headers.IfUnmodifiedSince.Count > 0)
        {
            return null;
        }

        var now = _parts.Time.GetUtcNow();
        if (head.Freshness.MustValidate || head.Freshness.LeftAt(now) <= TimeSpan.Zero)
        {
            return null;
        }

        entry.InMemory?.Touch();
        return _writer.WriteFastAsync(context, head, whole, now, isGet);
    }

    private async Task AnswerAsync(HttpContext context, CacheKey key, bool isRead)
    {
        var request = CacheRequest.Of(context, key, _forwardsHost);
        try
        {
            if (!isRead)
            {
                await _forwarder.PassOnAsync(context, request, "method");
            }
            else if (ForwardedRequest.HasOriginConditions(request.Fields))
            {
                await _forwarder.PassOnAsync(context, request, "request");
            }
            else if (_parts.Options.FollowRequests && request.Head.CacheControl.NoStore)
            {
                await _forwarder.PassOnAsync(context, request, "request");
            }
            else
            {
                await _cached.AnswerAsync(context, request);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client disconnected. Its fetch goes on for others.
        }
        catch (IOException)
        {
            // The client disconnected, or the origin failed in the middle of its response: this response cannot be completed.
            context.Abort();
        }
    }
}
