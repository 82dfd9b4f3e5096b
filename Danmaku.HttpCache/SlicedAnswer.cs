using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache;

/// <summary>Answers from bodies that are stored in slices.</summary>
internal sealed class SlicedAnswer(CacheParts parts, CacheWriter writer, ErrorWriter errors)
{
    /// <summary>The detail in <c>Cache-Status</c> if the request forbids the fetch that it needs.</summary>
    public const string OnlyIfCached = "only-if-cached";

    /// <summary>Why a part was fetched although other parts are stored (RFC 9211 §2.2).</summary>
    private const string Partial = "partial";

    /// <param name="isHit">Whether nothing was fetched for this request so far.</param>
    /// <returns>False if the upstream's response has changed; nothing was sent then.</returns>
    public async Task<bool> TryAnswerAsync(HttpContext context, CacheRequest request, CacheEntry entry, StoredHead head, Provenance source, bool isHit)
    {
        var complete = entry.Complete!.Value;
        var cut = writer.Choose(context, request.Fields, head.Status, head.Fields, complete);
        var part = cut.Range ?? new ByteRange(0, complete - 1);
        if (cut.Status is not (StatusCodes.Status200OK or StatusCodes.Status206PartialContent) || HttpMethods.IsHead(context.Request.Method))
        {
            writer.WriteHead(context, head, cut, source);
            return true;
        }

        var slices = new SliceReader(parts, request, entry);
        if (parts.Rules.FollowRequests && request.Head.CacheControl.OnlyIfCached && !slices.HasAll(part))
        {
            await errors.FailAsync(context, StatusCodes.Status504GatewayTimeout, new CacheStatus(parts.Name) { Detail = OnlyIfCached });
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
                await errors.FailAsync(context, failure, new CacheStatus(parts.Name) { Forwarded = Partial });
            }

            return error.Status is not null;
        }

        writer.WriteHead(context, head, cut, isHit ? SourceOf(slice, head, source) : source);
        await CacheWriter.CopyAsync(context, slices, slice, part);
        return true;
    }

    /// <summary>The provenance by the first slice: the head is sent before the other slices are looked up.</summary>
    private Provenance SourceOf(SliceReader.Found slice, StoredHead head, Provenance source)
    {
        if (slice.Lookup != CacheWriter.Upstream)
        {
            return source with { Lookup = slice.Lookup };
        }

        var status = new CacheStatus(parts.Name)
        {
            Forwarded = Partial,
            TimeToLive = head.Freshness.LeftAt(parts.Time.GetUtcNow()),
            IsStored = true,
            IsCollapsed = slice.IsCollapsed,
        };
        var outcome = source.Outcome is Outcome.Hit ? Outcome.Miss : source.Outcome;
        return source with { Outcome = outcome, Lookup = slice.Lookup, Status = status.ToString() };
    }
}
