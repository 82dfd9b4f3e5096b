using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Danmaku.HttpCache;

/// <summary>The HTTP cache in front of everything that is content: RFC 9111 as a shared cache, see docs/cdn.md.</summary>
internal sealed class CacheMiddleware
{
    /// <summary>How often a request waits for another's answer that then is not for it, before it asks for itself.</summary>
    private const int MaxJoins = 2;

    /// <summary>When to come again where no upstream could be asked for want of something here.</summary>
    private const string RetryAfterSeconds = "5";

    /// <summary>Why a part was forwarded where others are here (RFC 9211 §2.2).</summary>
    private const string Partial = "partial";

    private const string OnlyIfCached = "only-if-cached";

    private readonly CacheParts _parts;
    private readonly CacheWriter _writer;
    private readonly bool _forwardsHost;
    private readonly string _name;
    private readonly FrozenSet<string> _methods;
    private readonly string _allow;

    public CacheMiddleware(
        IUpstream upstream, HttpCacheOptions options, CacheStore store, ICacheObserver observer, TimeProvider time, IHostApplicationLifetime lifetime,
        ILogger<CacheMiddleware> logger)
    {
        _name = options.Name;
        _forwardsHost = options.ForwardHost;
        _methods = options.Methods.ToFrozenSet(StringComparer.Ordinal);
        _allow = string.Join(", ", ["GET", "HEAD", .. options.Methods]);
        _parts = new CacheParts(store, upstream, options, observer, time, logger, lifetime.ApplicationStopped);
        _writer = new CacheWriter(_name, observer, time);
    }

    public Task InvokeAsync(HttpContext context)
    {
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (RequestTarget.Normalise(raw) is not { } target)
        {
            return FailAsync(context, StatusCodes.Status400BadRequest, new CacheStatus(_name) { Detail = "target" });
        }

        var (isGet, isHead) = (HttpMethods.IsGet(context.Request.Method), HttpMethods.IsHead(context.Request.Method));
        if (!isGet && !isHead && !_methods.Contains(context.Request.Method))
        {
            // What a method means that nobody has named, this cache and its upstream need not agree on.
            context.Response.Headers.Allow = _allow;
            return FailAsync(context, StatusCodes.Status405MethodNotAllowed, new CacheStatus(_name) { Detail = "method" });
        }

        var headers = context.Request.Headers;
        if (headers.TransferEncoding.Count > 0 && (headers.ContentLength is not null || headers.ContainsKey("X-Content-Length")))
        {
            // Two lengths for one body: some hop may see another request in it (RFC 9112 §6.3).
            context.Response.Headers.Connection = "close";
            return FailAsync(context, StatusCodes.Status400BadRequest, new CacheStatus(_name) { Detail = "two-lengths" });
        }

        if (headers.Via.Count > 0 && Via.Names(headers.Via.ToString(), _name))
        {
            return FailAsync(context, StatusCodes.Status508LoopDetected, new CacheStatus(_name) { Detail = "loop" });
        }

        // As it came: the framework would decode an international name, and fail with one that is none.
        var host = headers.Host.ToString();
        if (_forwardsHost && host.Length > 0 && !Uri.TryCreate($"http://{host}/", UriKind.Absolute, out _))
        {
            return FailAsync(context, StatusCodes.Status400BadRequest, new CacheStatus(_name) { Detail = "host" });
        }

        var site = _forwardsHost ? context.Request.Scheme + "://" + host.ToLowerInvariant() : context.Request.Scheme;
        var key = new CacheKey(target, site);
        return (isGet || isHead) && TryFastHit(context, key, isGet) is { } hit ? hit : AnswerAsync(context, key, isGet || isHead);
    }

    /// <summary>The common case: one fresh variant in memory, and a request that asks for nothing special.</summary>
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
        var request = ToRequest(context, key);
        try
        {
            if (!isRead)
            {
                await PassOnAsync(context, request, "method");
            }
            else if (ForwardedRequest.HasOriginConditions(request.Fields))
            {
                await PassOnAsync(context, request, "request");
            }
            else if (_parts.Options.FollowRequests && request.Head.CacheControl.NoStore)
            {
                await PassOnAsync(context, request, "request");
            }
            else
            {
                await ReadAsync(context, request);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone. What it began goes on for others.
        }
        catch (IOException)
        {
            // The client has gone, or the origin in the middle of its answer; either way this one cannot be completed.
            context.Abort();
        }
    }

    private async Task ReadAsync(HttpContext context, CacheRequest request)
    {
        for (var joins = 0; ; joins++)
        {
            if (joins > 2 * MaxJoins)
            {
                // Something else each time: what is put together from that is nothing.
                _parts.Remember(request.Key, Way.Whole);
            }

            var stored = _parts.Store.Find(request.Key, request.Fields);
            var head = stored?.Head;
            var now = _parts.Time.GetUtcNow();
            var use = head is null ? CacheUse.Validate : CachePolicy.Decide(head.Freshness, request.Head.CacheControl, _parts.Rules, now);
            use = stored is { IsUnchecked: true } ? CacheUse.Validate : use;
            if (stored is not null && use is CacheUse.Fresh or CacheUse.Stale or CacheUse.StaleWhileRevalidate)
            {
                if (await TryHitAsync(context, request, stored!, head!, use))
                {
                    return;
                }

                continue;
            }

            if (_parts.Rules.FollowRequests && request.Head.CacheControl.OnlyIfCached)
            {
                await FailAsync(context, StatusCodes.Status504GatewayTimeout, new CacheStatus(_name) { Detail = OnlyIfCached });
                return;
            }

            var why = stored is null ? (_parts.Store.TryGet(request.Key, out _) ? "vary-miss" : "uri-miss")
                : use is CacheUse.ValidateForRequest ? "request" : "stale";
            var isAlone = joins >= MaxJoins || _parts.WayOf(request.Key) is Way.Alone;
            if (isAlone && stored is null && AsksForPart(request.Fields))
            {
                await PassOnAsync(context, request, why);
                return;
            }

            var wanted = stored is null ? PartOf(context, request) : request;
            if (wanted != request && wanted.Slice is null && _parts.Store.Find(wanted.Key, request.Fields) is { } part && IsFresh(part, request)
                && await TryHitAsync(context, request, part, part.Head, CacheUse.Fresh))
            {
                return;
            }

            var isFirst = true;
            var fill = isAlone ? _parts.Start(wanted, stored)
                : wanted == request ? _parts.JoinOrStart(request, stored, head, out isFirst)
                : _parts.JoinOrStart(wanted, _parts.Store.Find(wanted.Key, request.Fields), out isFirst);
            if (fill is { Body.IsComplete: true, IsSlice: false } && !isFirst)
            {
                // Somebody has all of it already: then it is stored in a moment.
                await fill.Ended;
                continue;
            }

            if (fill is not null && await TryUseAsync(context, request, fill, isFirst, why))
            {
                return;
            }
        }
    }

    private static bool AsksForPart(IReadOnlyList<HttpField> request) =>
        request.Has("Range") || request.Has("If-None-Match") || request.Has("If-Modified-Since");

    /// <summary>What to fetch for a request for which nothing is stored: a part, where that is here sooner than the whole, or all that is needed.</summary>
    private CacheRequest PartOf(HttpContext context, CacheRequest request)
    {
        var way = _parts.WayOf(request.Key);
        var asked = RangeSpec.Parse(request.Fields.Only("Range"));
        if (way is Way.Whole || (_parts.UnderWay(request) is { } running && !IsFar(running, request)))
        {
            return request;
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            // Not by HEAD, for which not every upstream has an answer where it has one for GET.
            return request.ForSlice(0, _parts.Options.SliceBytes);
        }

        return asked switch
        {
            null => request,
            { First: { } first } when way is Way.Any => request.ForSlice(first, _parts.Options.SliceBytes),

            // Whether the range counts is seen when its answer is here; then the rest should not be missing.
            _ => request.Fields.Has("If-Range") ? request : request.ForPart(asked.Value),
        };
    }

    /// <summary>Whether a part comes so late in a body that is on its way that it is here sooner by itself.</summary>
    private bool IsFar(CollapsedFetch fill, CacheRequest request) =>
        fill is { Body: { IsComplete: false, Expected: { } complete } body, IsSlice: false }
        && ByteRange.Read(request.Fields.Only("Range"), complete, out var part) is RangeAnswer.Part
        && part.First - body.Length > _parts.Options.SliceBytes;

    private bool IsFresh(CacheEntry entry, CacheRequest request) =>
        !entry.IsUnchecked && CachePolicy.Decide(entry.Head.Freshness, request.Head.CacheControl, _parts.Rules, _parts.Time.GetUtcNow()) is CacheUse.Fresh;

    private async Task<bool> TryHitAsync(HttpContext context, CacheRequest request, CacheEntry entry, StoredHead head, CacheUse use)
    {
        if (await _parts.BodyOfAsync(entry, context.RequestAborted) is not (var body, var lookup))
        {
            return false;
        }

        if (use is CacheUse.StaleWhileRevalidate)
        {
            _parts.JoinOrStart(request, entry, head, out var isFirst)?.AbandonIf(isFirst);
        }

        var outcome = use is CacheUse.Fresh ? Outcome.Hit : Outcome.Stale;
        var now = _parts.Time.GetUtcNow();
        var status = use is CacheUse.Fresh
            ? entry.Head.At(now, _name).CacheStatus.ToString()
            : new CacheStatus(_name) { IsHit = true, TimeToLive = entry.Head.Freshness.LeftAt(now) }.ToString();
        var source = new Provenance(outcome, lookup, status, true);
        return entry.IsSliced
            ? await TrySlicesAsync(context, request, entry, entry.Head, source, isHit: true)
            : await _writer.WriteAsync(context, request.Fields, entry.Head, body, source);
    }

    /// <summary>Answers from a body that is kept in slices.</summary>
    /// <param name="isHit">Whether nothing was fetched for this request so far.</param>
    /// <returns>False when the upstream has something else now, and nothing was sent.</returns>
    private async Task<bool> TrySlicesAsync(HttpContext context, CacheRequest request, CacheEntry entry, StoredHead head, Provenance source, bool isHit)
    {
        var complete = entry.Complete!.Value;
        var cut = _writer.Choose(context, request.Fields, head.Status, head.Fields, complete);
        var part = cut.Range ?? new ByteRange(0, complete - 1);
        if (cut.Status is not (StatusCodes.Status200OK or StatusCodes.Status206PartialContent) || HttpMethods.IsHead(context.Request.Method))
        {
            _writer.WriteHead(context, head, cut, source);
            return true;
        }

        var slices = new SliceReader(_parts, request, entry);
        if (_parts.Rules.FollowRequests && request.Head.CacheControl.OnlyIfCached && !slices.HasAll(part))
        {
            await FailAsync(context, StatusCodes.Status504GatewayTimeout, new CacheStatus(_name) { Detail = OnlyIfCached });
            return true;
        }

        SliceReader.Found slice;
        try
        {
            slice = await slices.GetAsync(part.First, context.RequestAborted);
        }
        catch (SliceException error)
        {
            if (error.Status is { } failure)
            {
                await FailAsync(context, failure, new CacheStatus(_name) { Forwarded = Partial });
            }

            return error.Status is not null;
        }

        if (isHit && slice.Lookup == CacheWriter.Upstream)
        {
            var status = new CacheStatus(_name)
            {
                Forwarded = Partial,
                TimeToLive = head.Freshness.LeftAt(_parts.Time.GetUtcNow()),
                IsStored = true,
                IsCollapsed = slice.IsCollapsed,
            };
            source = source with { Outcome = source.Outcome is Outcome.Hit ? Outcome.Miss : source.Outcome, Status = status.ToString() };
        }

        source = source with { Lookup = isHit ? slice.Lookup : source.Lookup };
        _writer.WriteHead(context, head, cut, source);
        await CacheWriter.CopyAsync(context, slices, slice, part);
        return true;
    }

    /// <summary>Waits for a fetch and answers with what comes of it.</summary>
    /// <returns>False when it was not for this request.</returns>
    private async Task<bool> TryUseAsync(HttpContext context, CacheRequest request, CollapsedFetch fill, bool isFirst, string why)
    {
        FetchResult result;
        try
        {
            result = await fill.Result.WaitAsync(context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            fill.AbandonIf(isFirst);
            throw;
        }

        var status = new CacheStatus(_name) { Forwarded = why, IsCollapsed = !isFirst };
        switch (result)
        {
            case FetchResult.Shared shared:
                return await TryShareAsync(context, request, fill, shared, isFirst, status);

            case FetchResult.Alone alone when isFirst && fill.TryTake():
                using (alone.Response)
                {
                    if (AnswerFrom(alone.Response, fill, HttpMethods.IsHead(context.Request.Method)) is not { } answer)
                    {
                        return false;
                    }

                    await PassAsync(context, request, answer, status);
                }

                return true;

            case FetchResult.Alone:
                return false;

            case FetchResult.Stale stale:
                return await TryStaleAsync(context, request, stale, status);

            case FetchResult.Failed failed:
                await FailAsync(context, failed.Status, status);
                return true;

            default:
                throw new InvalidOperationException("There is no other result.");
        }
    }

    private async Task<bool> TryShareAsync(HttpContext context, CacheRequest request, CollapsedFetch fill, FetchResult.Shared shared, bool isFirst, CacheStatus status)
    {
        if (!isFirst && (!shared.Head.Matches(request.Fields) || !_parts.MayShare(shared.Head) || IsFar(fill, request)))
        {
            return false;
        }

        if (await _parts.BodyOfAsync(shared.Entry, context.RequestAborted) is not (var body, var lookup))
        {
            return false;
        }

        var isValidated = shared.Status == StatusCodes.Status304NotModified;
        status = status with
        {
            ForwardedStatus = isValidated ? shared.Status : null,
            TimeToLive = shared.Head.Freshness.LeftAt(_parts.Time.GetUtcNow()),
            IsStored = true,
            Detail = shared.IsInstead ? "here-instead" : null,
        };
        var outcome = isValidated ? Outcome.Revalidated : Outcome.Miss;
        var source = new Provenance(outcome, lookup == CacheWriter.Memory ? CacheWriter.Upstream : lookup, status.ToString(), isValidated);
        return shared.Entry.IsSliced
            ? await TrySlicesAsync(context, request, shared.Entry, shared.Head, source, isHit: false)
            : await _writer.WriteAsync(context, request.Fields, shared.Head, body, source);
    }

    private async Task<bool> TryStaleAsync(HttpContext context, CacheRequest request, FetchResult.Stale stale, CacheStatus status)
    {
        if (await _parts.BodyOfAsync(stale.Entry, context.RequestAborted) is not (var body, _))
        {
            return false;
        }

        status = status with
        {
            ForwardedStatus = stale.Status,
            TimeToLive = stale.Entry.Head.Freshness.LeftAt(_parts.Time.GetUtcNow()),
            Detail = stale.Status is null ? "origin-unreachable" : "origin-failed",
        };
        var source = new Provenance(Outcome.Stale, CacheWriter.Memory, status.ToString(), true);
        return stale.Entry.IsSliced
            ? await TrySlicesAsync(context, request, stale.Entry, stale.Entry.Head, source, isHit: false)
            : await _writer.WriteAsync(context, request.Fields, stale.Entry.Head, body, source);
    }

    /// <summary>Sends a request as it is, for this client alone.</summary>
    private async Task PassOnAsync(HttpContext context, CacheRequest request, string why)
    {
        var method = context.Request.Method;
        var status = new CacheStatus(_name) { Forwarded = why };
        var forwarded = _parts.ToOrigin(request, method, whole: false);
        ClientBody? body = null;
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } && !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
        {
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            {
                size.MaxRequestBodySize = _parts.Options.MaxRequestBytes;
            }

            if (context.Request.ContentLength > _parts.Options.MaxRequestBytes)
            {
                await FailAsync(context, StatusCodes.Status413PayloadTooLarge, status);
                return;
            }

            body = new ClientBody(context.Request.Body);
            forwarded = forwarded with { Body = body };
        }

        UpstreamResponse response;
        try
        {
            response = await _parts.Upstream.SendAsync(forwarded, context.RequestAborted);
        }
        catch (Exception) when (body?.Failure is { } failure)
        {
            await FailAsync(context, GiveUpBody(context, failure), status);
            return;
        }
        catch (UpstreamBusyException)
        {
            await FailAsync(context, StatusCodes.Status503ServiceUnavailable, status);
            return;
        }
        catch (Exception error) when (error is HttpRequestException or TimeoutException or IOException)
        {
            await FailAsync(context, StatusCodes.Status504GatewayTimeout, status);
            return;
        }

        using (response)
        {
            if (CachePolicy.Invalidates(method, response.Status))
            {
                Invalidate(context, request, response.Fields);
            }

            await PassAsync(context, request, response, status);
        }
    }

    /// <summary>RFC 9111 §4.4: the target, and what Location and Content-Location name on the same site.</summary>
    private void Invalidate(HttpContext context, CacheRequest request, IReadOnlyList<HttpField> response)
    {
        _parts.Store.Invalidate(request.Key);
        if (!Uri.TryCreate($"{context.Request.Scheme}://{context.Request.Headers.Host}{request.Key.Target}", UriKind.Absolute, out var here))
        {
            // HTTP/1.0 needs no Host, so it is not known what else is on the same site.
            return;
        }

        foreach (var name in (string[])["Location", "Content-Location"])
        {
            if (response.Only(name) is { } location
                && Uri.TryCreate(here, location, out var there)
                && there.Authority == here.Authority
                && RequestTarget.Normalise(there.PathAndQuery) is { } target)
            {
                _parts.Store.Invalidate(request.Key with { Target = target });
            }
        }
    }

    /// <summary>What of a response is the answer to a request; null where a slice was asked for, and that is not what the client wants.</summary>
    private static UpstreamResponse? AnswerFrom(UpstreamResponse response, CollapsedFetch fill, bool isHead) => response.Status switch
    {
        _ when fill.Request.Slice is null => response,
        StatusCodes.Status206PartialContent => isHead && ContentRange.Parse(response.Fields.Only("Content-Range")) is { } part ? HeadOf(response, part.Complete) : null,
        StatusCodes.Status416RangeNotSatisfiable when isHead => null,
        _ => response,
    };

    /// <summary>The head of the whole, from that of a part.</summary>
    private static UpstreamResponse HeadOf(UpstreamResponse part, long complete)
    {
        var fields = part.Fields.Where(field => !field.Is("Content-Range") && !field.Is("Content-Length"));
        var length = new HttpField("Content-Length", complete.ToString(CultureInfo.InvariantCulture));
        return new UpstreamResponse(StatusCodes.Status200OK, [.. fields, length], Stream.Null, Stream.Null);
    }

    private async Task PassAsync(HttpContext context, CacheRequest request, UpstreamResponse response, CacheStatus status)
    {
        var isRead = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        var cut = isRead
            ? _writer.Choose(context, request.Fields, response.Status, response.Fields, response.Length)
            : new Cut(response.Status, null, response.Length);
        await _writer.PassAsync(context, response, cut, new Provenance(Outcome.Miss, CacheWriter.Upstream, status.ToString(), false), _parts.Options.Timeout);
    }

    private Task FailAsync(HttpContext context, int status, CacheStatus how)
    {
        _parts.Observer.Answered("error");
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Cache-Status"] = how.ToString();
        context.Response.Headers.Via = Via.Append(null, _name);
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
        }

        var detail = status switch
        {
            StatusCodes.Status405MethodNotAllowed => "This method is not passed on.",
            StatusCodes.Status413PayloadTooLarge => "The body is too large.",
            StatusCodes.Status502BadGateway => "The origin's answer could not be understood.",
            StatusCodes.Status503ServiceUnavailable => "This edge can open no more connections at the moment.",
            StatusCodes.Status504GatewayTimeout => "No origin has answered, and nothing that is stored may stand in for it.",
            StatusCodes.Status508LoopDetected => "This request has been here before.",
            _ => "The request could not be read.",
        };
        return Results.Problem(detail, statusCode: status).ExecuteAsync(context);
    }

    /// <summary>
    /// Ends a request whose body could not be read: the client has sent it wrongly, or has gone, and then nobody is to look for the rest of it.
    /// </summary>
    /// <returns>The status to answer with.</returns>
    private static int GiveUpBody(HttpContext context, Exception failure)
    {
        if (failure is ConnectionResetException)
        {
            context.Abort();
        }

        return failure is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status400BadRequest;
    }

    /// <summary>The client's address; IPv4 in its own form, IPv6 without a zone.</summary>
    private static IPAddress AddressOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
            : address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes())
            : address;
    }

    private CacheRequest ToRequest(HttpContext context, CacheKey key)
    {
        var fields = new List<HttpField>();
        foreach (var (name, values) in context.Request.Headers)
        {
            foreach (var value in values)
            {
                fields.Add(new HttpField(name, value ?? ""));
            }
        }

        return new CacheRequest(
            key,
            new RequestHead(HttpMethods.IsHead(context.Request.Method) ? "GET" : context.Request.Method, fields),
            _forwardsHost && context.Request.Headers.Host is [{ Length: > 0 } host] ? host : null,
            AddressOf(context),
            context.Request.Scheme);
    }
}

internal static class FetchExtensions
{
    /// <summary>Gives up a fetch that was begun for a request which does not wait for it.</summary>
    public static void AbandonIf(this CollapsedFetch fill, bool isFirst)
    {
        if (isFirst)
        {
            fill.Abandon();
        }
    }
}
