using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache;

/// <summary>Decides what to fetch for a request for which nothing is stored: the whole, a slice, or the part that it asks for.</summary>
internal static class PartChoice
{
    /// <summary>Whether the request has a range or a condition.</summary>
    public static bool AsksForPart(IReadOnlyList<HttpField> request) =>
        request.Has("Range") || request.Has("If-None-Match") || request.Has("If-Modified-Since");

    /// <summary>Chooses a part if it arrives sooner than the whole body, or is all that is needed.</summary>
    /// <param name="isComing">Whether the whole body is being fetched already, and a fetch of the part alone would not be faster.</param>
    /// <param name="sliceBytes">Of each slice but the last.</param>
    public static CacheRequest Of(CacheRequest request, bool isHead, Way way, bool isComing, long sliceBytes)
    {
        if (way is Way.Whole || isComing)
        {
            return request;
        }

        if (isHead)
        {
            // Not with HEAD, which some upstreams do not answer although they answer GET.
            return request.ForSlice(0, sliceBytes);
        }

        return RangeSpec.Parse(request.Fields.Only("Range")) switch
        {
            null => request,
            { First: { } first } when way is Way.Any => request.ForSlice(first, sliceBytes),

            // If-Range may mean that the whole body is the answer, so the whole is fetched.
            { } asked => request.Fields.Has("If-Range") ? request : request.ForPart(asked),
        };
    }

    /// <summary>Whether a part is so far ahead of what has arrived of a body that a fetch of the part alone is faster.</summary>
    public static bool IsFar(CachedBody body, CacheRequest request, long sliceBytes) =>
        body is { IsComplete: false, Expected: { } complete }
        && ByteRange.Read(request.Fields.Only("Range"), complete, out var part) is RangeAnswer.Part
        && part.First - body.Length > sliceBytes;
}
