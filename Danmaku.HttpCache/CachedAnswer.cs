using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache;

/// <summary>Answers GET and HEAD from the store, or from a fetch that several requests share.</summary>
internal sealed class CachedAnswer(CacheParts parts, CacheWriter writer, ErrorWriter errors, RequestForwarder forwarder)
{
    /// <summary>How often a request waits in vain for another request's fetch before it starts its own.</summary>
    private const int MaxJoins = 2;

    private readonly SlicedAnswer _slices = new(parts, writer, errors);

    public async Task AnswerAsync(HttpContext context, CacheRequest request)
    {
        for (var joins = 0; !await TryAnswerAsync(context, request, joins); joins++)
        {
            if (joins >= 2 * MaxJoins)
            {
                // The upstream's response changes every time, so its slices do not fit together.
                parts.Remember(request.Key, Way.Whole);
            }
        }
    }

    /// <returns>False if the stored or fetched response does not fit this request: try again.</returns>
    private async Task<bool> TryAnswerAsync(HttpContext context, CacheRequest request, int joins)
    {
        var stored = parts.Store.Find(request.Key, request.Fields);
        var head = stored?.Head;
        var use = UseOf(request, stored, head);
        if (stored is not null && use is CacheUse.Fresh or CacheUse.Stale or CacheUse.StaleWhileRevalidate)
        {
            return await TryHitAsync(context, request, stored!, head!, use);
        }

        if (parts.Rules.FollowRequests && request.Head.CacheControl.OnlyIfCached)
        {
            await errors.FailAsync(context, StatusCodes.Status504GatewayTimeout, new CacheStatus(parts.Name) { Detail = SlicedAnswer.OnlyIfCached });
            return true;
        }

        var why = stored is null ? (parts.Store.TryGet(request.Key, out _) ? "vary-miss" : "uri-miss")
            : use is CacheUse.ValidateForRequest ? "request" : "stale";
        var isAlone = joins >= MaxJoins || parts.WayOf(request.Key) is Way.Alone;
        if (isAlone && stored is null && PartChoice.AsksForPart(request.Fields))
        {
            await forwarder.PassOnAsync(context, request, why);
            return true;
        }

        return await TryFetchAsync(context, request, stored, head, isAlone, why);
    }

    private CacheUse UseOf(CacheRequest request, CacheEntry? stored, StoredHead? head) =>
        head is null || stored is { IsUnchecked: true }
            ? CacheUse.Validate
            : CachePolicy.Decide(head.Freshness, request.Head.CacheControl, parts.Rules, parts.Time.GetUtcNow());

    /// <summary>Starts a fetch, or joins one that is running.</summary>
    /// <param name="head">The head of <paramref name="stored"/> when it was found.</param>
    private async Task<bool> TryFetchAsync(HttpContext context, CacheRequest request, CacheEntry? stored, StoredHead? head, bool isAlone, string why)
    {
        var wanted = stored is null ? PartOf(context, request) : request;
        if (wanted != request && wanted.Slice is null && parts.Store.Find(wanted.Key, request.Fields) is { } part
            && UseOf(request, part, part.Head) is CacheUse.Fresh && await TryHitAsync(context, request, part, part.Head, CacheUse.Fresh))
        {
            return true;
        }

        var isFirst = true;
        var fill = isAlone ? parts.Start(wanted, stored)
            : wanted == request ? parts.JoinOrStart(request, stored, head, out isFirst)
            : parts.JoinOrStart(wanted, parts.Store.Find(wanted.Key, request.Fields), out isFirst);
        if (fill is { Body.IsComplete: true, IsSlice: false } && !isFirst)
        {
            // The whole body has arrived and is being stored.
            await fill.Ended;
            return false;
        }

        return fill is not null && await TryUseAsync(context, request, fill, isFirst, why);
    }

    private CacheRequest PartOf(HttpContext context, CacheRequest request) => PartChoice.Of(
        request,
        HttpMethods.IsHead(context.Request.Method),
        parts.WayOf(request.Key),
        parts.UnderWay(request) is { } running && !IsFar(running, request),
        parts.Options.SliceBytes);

    private async Task<bool> TryHitAsync(HttpContext context, CacheRequest request, CacheEntry entry, StoredHead head, CacheUse use)
    {
        if (await parts.BodyOfAsync(entry, context.RequestAborted) is not (var body, var lookup))
        {
            return false;
        }

        if (use is CacheUse.StaleWhileRevalidate)
        {
            parts.JoinOrStart(request, entry, head, out var isFirst)?.AbandonIf(isFirst);
        }

        var outcome = use is CacheUse.Fresh ? Outcome.Hit : Outcome.Stale;
        var now = parts.Time.GetUtcNow();
        var status = use is CacheUse.Fresh
            ? entry.Head.At(now, parts.Name).CacheStatus.ToString()
            : new CacheStatus(parts.Name) { IsHit = true, TimeToLive = entry.Head.Freshness.LeftAt(now) }.ToString();
        return await WriteAsync(context, request, entry, entry.Head, body, new Provenance(outcome, lookup, status, true), isHit: true);
    }

    /// <summary>Waits for a fetch and answers with its result.</summary>
    /// <returns>False if the result does not fit this request.</returns>
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

        var status = new CacheStatus(parts.Name) { Forwarded = why, IsCollapsed = !isFirst };
        switch (result)
        {
            case FetchResult.Shared shared:
                return await TryShareAsync(context, request, fill, shared, isFirst, status);

            case FetchResult.Alone alone when isFirst && fill.TryTake():
                using (alone.Response)
                {
                    return await forwarder.TryPassBackAsync(context, request, alone.Response, fill, status);
                }

            case FetchResult.Alone:
                return false;

            case FetchResult.Stale stale:
                return await TryStaleAsync(context, request, stale, status);

            case FetchResult.Failed failed:
                await errors.FailAsync(context, failed.Status, status);
                return true;

            default:
                throw new InvalidOperationException("There is no other result.");
        }
    }

    private async Task<bool> TryShareAsync(
        HttpContext context, CacheRequest request, CollapsedFetch fill, FetchResult.Shared shared, bool isFirst, CacheStatus status)
    {
        if (!isFirst && (!shared.Head.Matches(request.Fields) || !parts.MayShare(shared.Head) || IsFar(fill, request)))
        {
            return false;
        }

        if (await parts.BodyOfAsync(shared.Entry, context.RequestAborted) is not (var body, var lookup))
        {
            return false;
        }

        var isValidated = shared.Status == StatusCodes.Status304NotModified;
        status = status with
        {
            ForwardedStatus = isValidated ? shared.Status : null,
            TimeToLive = shared.Head.Freshness.LeftAt(parts.Time.GetUtcNow()),
            IsStored = true,
            Detail = shared.IsInstead ? "here-instead" : null,
        };
        var outcome = isValidated ? Outcome.Revalidated : Outcome.Miss;
        var source = new Provenance(outcome, lookup == CacheWriter.Memory ? CacheWriter.Upstream : lookup, status.ToString(), isValidated);
        return await WriteAsync(context, request, shared.Entry, shared.Head, body, source, isHit: false);
    }

    private bool IsFar(CollapsedFetch fill, CacheRequest request) =>
        fill is { IsSlice: false, Body: { } body } && PartChoice.IsFar(body, request, parts.Options.SliceBytes);

    private async Task<bool> TryStaleAsync(HttpContext context, CacheRequest request, FetchResult.Stale stale, CacheStatus status)
    {
        if (await parts.BodyOfAsync(stale.Entry, context.RequestAborted) is not (var body, _))
        {
            return false;
        }

        status = status with
        {
            ForwardedStatus = stale.Status,
            TimeToLive = stale.Entry.Head.Freshness.LeftAt(parts.Time.GetUtcNow()),
            Detail = stale.Status is null ? "origin-unreachable" : "origin-failed",
        };
        var source = new Provenance(Outcome.Stale, CacheWriter.Memory, status.ToString(), true);
        return await WriteAsync(context, request, stale.Entry, stale.Entry.Head, body, source, isHit: false);
    }

    /// <param name="isHit">Whether nothing was fetched for this request.</param>
    private Task<bool> WriteAsync(
        HttpContext context, CacheRequest request, CacheEntry entry, StoredHead head, CachedBody body, Provenance source, bool isHit) =>
        entry.IsSliced
            ? _slices.TryAnswerAsync(context, request, entry, head, source, isHit)
            : writer.WriteAsync(context, request.Fields, head, body, source);
}
