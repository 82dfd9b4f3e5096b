using System.Diagnostics.CodeAnalysis;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache;

/// <summary>Reads a body that is stored in slices. Slices that are not stored are fetched, each once for all requests.</summary>
/// <param name="request">The client's request.</param>
/// <param name="whole">The whole: only slices with its validator belong to it.</param>
internal sealed class SliceReader(CacheParts parts, CacheRequest request, CacheEntry whole)
{
    /// <summary>How often a slice that was removed before it was read is looked up again.</summary>
    private const int MaxTries = 3;

    private readonly string? _validator = whole.Validator;
    private readonly long _complete = whole.Complete!.Value;

    /// <summary>The slice with a byte, read from there.</summary>
    /// <exception cref="SliceException">The slice is not available.</exception>
    public async Task<Found> GetAsync(long position, CancellationToken cancellation)
    {
        var wanted = request.ForSlice(position, parts.Options.SliceBytes);
        var slice = wanted.Slice!.Value;
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var entry = parts.Store.Find(wanted.Key, request.Fields);
            var head = entry?.Head;
            if (Belongs(entry))
            {
                if (await parts.BodyOfAsync(entry, cancellation) is (var body, var lookup) && body.TryRead(position - slice.First) is { } reader)
                {
                    return new Found(reader, slice.Last + 1, lookup, false);
                }

                continue;
            }

            if (parts.JoinOrStart(wanted, entry, head, out var isFirst) is { } fill
                && await FromAsync(fill, isFirst, position, slice, cancellation) is { } found)
            {
                return found;
            }
        }

        throw new SliceException(StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Whether a part is stored completely, so that nothing must be fetched.</summary>
    public bool HasAll(ByteRange part)
    {
        for (var position = part.First; position <= part.Last;)
        {
            var wanted = request.ForSlice(position, parts.Options.SliceBytes);
            if (!Belongs(parts.Store.Find(wanted.Key, request.Fields)))
            {
                return false;
            }

            position = wanted.Slice!.Value.Last + 1;
        }

        return true;
    }

    private bool Belongs([NotNullWhen(true)] CacheEntry? slice) => slice is not null && slice.Complete == _complete && slice.Validator == _validator;

    private async Task<Found?> FromAsync(CollapsedFetch fill, bool isFirst, long position, ByteRange slice, CancellationToken cancellation)
    {
        FetchResult result;
        try
        {
            result = await fill.Result.WaitAsync(cancellation);
        }
        finally
        {
            // A response that cannot be shared is not a slice.
            fill.AbandonIf(isFirst);
        }

        switch (result)
        {
            case FetchResult.Shared shared when !shared.Head.Matches(request.Fields):
                return null;

            case FetchResult.Shared { Entry: var entry } when IsSame(entry):
                var start = fill.IsSlice ? slice.First : 0;
                return fill.Body!.TryRead(position - start) is { } reader
                    ? new Found(reader, fill.IsSlice ? slice.Last + 1 : long.MaxValue, CacheWriter.Upstream, !isFirst)
                    : null;

            case FetchResult.Failed failed:
                throw new SliceException(failed.Status);

            case FetchResult.Alone { Response.Status: var status } when CachePolicy.IsFailure(status):
                throw new SliceException(StatusCodes.Status502BadGateway);

            default:
                // The upstream has another body now.
                parts.Store.Remove(whole);
                throw new SliceException(null);
        }
    }

    /// <summary>While a whole body arrives, its length may be known only from the upstream's header.</summary>
    private bool IsSame(CacheEntry entry) => entry.Validator == _validator && (entry.Complete ?? entry.Body?.Expected ?? entry.Length) == _complete;

    /// <param name="End">The first byte after the slice, which may be beyond the end of the body.</param>
    /// <param name="Lookup">Its source, as in <c>X-Cache-Lookup</c>.</param>
    /// <param name="IsCollapsed">Whether another request's fetch brings it.</param>
    internal sealed record Found(CachedBody.Reader Reader, long End, string Lookup, bool IsCollapsed);
}

/// <summary>A slice is not available. If a part of the answer was sent already, the answer ends there.</summary>
/// <param name="status">The status to answer; null when the upstream has another body now, and the request may begin anew.</param>
internal sealed class SliceException(int? status) : IOException("The upstream did not send the rest, or it has changed.")
{
    public int? Status => status;
}
