using System.Diagnostics.CodeAnalysis;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache;

/// <summary>Reads a body that is kept in slices: those that are here, and for each of the others one fetch for all who want it.</summary>
/// <param name="request">Of the client.</param>
/// <param name="whole">To which the slices belong: they have its validator, or are none.</param>
internal sealed class SliceReader(CacheParts parts, CacheRequest request, CacheEntry whole)
{
    /// <summary>How often a slice that is gone before it is read is looked for again.</summary>
    private const int MaxTries = 3;

    private readonly string? _validator = whole.Validator;
    private readonly long _complete = whole.Complete!.Value;

    /// <summary>The slice with a byte, read from there.</summary>
    /// <exception cref="SliceException">It cannot be had.</exception>
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

    /// <summary>Whether a part is here, so that nothing has to be fetched for it.</summary>
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
            // What is for one alone is no slice.
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
                // The upstream has something else now.
                parts.Store.Remove(whole);
                throw new SliceException(null);
        }
    }

    /// <summary>While a whole body arrives its length may be known by the upstream's word alone.</summary>
    private bool IsSame(CacheEntry entry) => entry.Validator == _validator && (entry.Complete ?? entry.Body?.Expected ?? entry.Length) == _complete;

    /// <param name="End">The first byte behind the slice, which may lie behind the end of the body.</param>
    /// <param name="Lookup">Where it comes from, as in <c>X-Cache-Lookup</c>.</param>
    /// <param name="IsCollapsed">Whether another request has it fetched.</param>
    internal sealed record Found(CachedBody.Reader Reader, long End, string Lookup, bool IsCollapsed);
}

/// <summary>A slice cannot be had. Where a part of the answer is sent already it ends there.</summary>
/// <param name="status">What to answer; null where the upstream has something else now, and the request may begin anew.</param>
internal sealed class SliceException(int? status) : IOException("The upstream did not send the rest, or it has changed.")
{
    public int? Status => status;
}
