namespace Danmaku.HttpCache.Policy;

/// <summary>Answers the conditions of a request from a stored response (RFC 9110 §13, RFC 9111 §4.3.2).</summary>
internal static class Preconditions
{
    /// <summary>Whether 304 is the answer instead of the stored 200.</summary>
    public static bool IsNotModified(IReadOnlyList<HttpField> request, IReadOnlyList<HttpField> stored, DateTimeOffset now)
    {
        if (request.Combined("If-None-Match") is { } tags)
        {
            return Matches(tags, stored.Only("ETag"));
        }

        if (HttpDate.Parse(request.Only("If-Modified-Since"), now) is not { } since)
        {
            return false;
        }

        // Without Last-Modified the Date is used.
        return (HttpDate.Parse(stored.Only("Last-Modified"), now) ?? HttpDate.Parse(stored.Only("Date"), now)) is { } modified && modified <= since;
    }

    /// <summary>Whether the requested range may be cut from the stored response: <c>If-Range</c> (RFC 9110 §13.1.5).</summary>
    public static bool RangeApplies(IReadOnlyList<HttpField> request, IReadOnlyList<HttpField> stored)
    {
        if (request.Combined("If-Range") is not { } condition)
        {
            return true;
        }

        // Strong comparison: a weak tag never matches, and a date must be equal.
        return condition.StartsWith('"')
            ? condition == stored.Only("ETag")
            : !condition.StartsWith("W/", StringComparison.Ordinal) && condition == stored.Only("Last-Modified");
    }

    /// <summary>The fields that ask an origin whether a stored response is still valid (§4.3.1).</summary>
    public static IEnumerable<HttpField> ForValidation(IReadOnlyList<HttpField> stored)
    {
        if (stored.Only("ETag") is { } tag)
        {
            yield return new HttpField("If-None-Match", tag);
        }

        if (stored.Only("Last-Modified") is { } modified)
        {
            yield return new HttpField("If-Modified-Since", modified);
        }
    }

    /// <summary>Weak comparison (RFC 9110 §8.8.3.2). Tags without quotes, which some origins send, are compared unchanged.</summary>
    private static bool Matches(string tags, string? stored)
    {
        if (tags.Trim() == "*")
        {
            return true;
        }

        return stored is not null && HttpFields.Members(tags).Any(tag => Opaque(tag) == Opaque(stored));
    }

    private static string Opaque(string tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;
}
