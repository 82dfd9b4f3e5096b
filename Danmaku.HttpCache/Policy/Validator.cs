namespace Danmaku.HttpCache.Policy;

/// <summary>The strong validator that two parts must share to belong to the same body (RFC 9110 §15.3.7.3).</summary>
internal static class Validator
{
    /// <summary>A body that changes twice within a second may keep its date. After this time the date is reliable (RFC 9110 §8.8.2.2).</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);

    /// <returns>
    /// A strong <c>ETag</c>; without one, a <c>Last-Modified</c> that was a minute old when it was sent, with a weak <c>ETag</c> if there is one; else null.
    /// </returns>
    public static string? Of(IReadOnlyList<HttpField> response, DateTimeOffset now)
    {
        var tag = response.Combined("ETag");
        if (tag is ['"', .., '"'])
        {
            return tag;
        }

        var sent = HttpDate.Parse(response.Only("Date"), now) ?? now;
        return response.Only("Last-Modified") is { } text && HttpDate.Parse(text, now) is { } modified && sent - modified >= Settled
            ? text + tag
            : null;
    }
}
