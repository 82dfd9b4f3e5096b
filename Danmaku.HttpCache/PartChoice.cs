using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache;

/// <summary>Decides what to fetch for a request for which nothing is stored: the whole, a slice, or the part that it asks for.</summary>
internal static class PartChoice
{
    /// <summary>Whether the request asks for less than the whole, or says what it has of it.</summary>
    public static bool AsksForPart(IReadOnlyList<HttpField> request) =>
        request.Has("Range") || request.Has("If-None-Match") || request.Has("If-Modified-Since");

    /// <summary>A part, where that is here sooner than the whole, or all that is needed.</summary>
    /// <param name="isComing">Whether the whole is on its way, and a part would not be here sooner by itself.</param>
    /// <param name="sliceBytes">Of each slice but the last.</param>
    public static CacheRequest Of(CacheRequest request, bool isHead, Way way, bool isComing, long sliceBytes)
    {
        if (way is Way.Whole || isComing)
        {
            return request;
        }

        if (isHead)
        {
            // Not by HEAD, for which not every upstream has an answer where it has one for GET.
            return request.ForSlice(0, sliceBytes);
        }

        return RangeSpec.Parse(request.Fields.Only("Range")) switch
        {
            null => request,
            { First: { } first } when way is Way.Any => request.ForSlice(first, sliceBytes),

            // Whether the range counts is seen when its answer is here; then the rest should not be missing.
            { } asked => request.Fields.Has("If-Range") ? request : request.ForPart(asked),
        };
    }

    /// <summary>Whether a part comes so late in a body that is on its way that it is here sooner by itself.</summary>
    public static bool IsFar(CachedBody body, CacheRequest request, long sliceBytes) =>
        body is { IsComplete: false, Expected: { } complete }
        && ByteRange.Read(request.Fields.Only("Range"), complete, out var part) is RangeAnswer.Part
        && part.First - body.Length > sliceBytes;
}
