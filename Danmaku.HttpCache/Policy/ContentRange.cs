using System.Globalization;

namespace Danmaku.HttpCache.Policy;

/// <summary><c>Content-Range</c> of a 206 (RFC 9110 §14.4): which bytes it has, and of how many.</summary>
internal readonly record struct ContentRange(ByteRange Part, long Complete)
{
    /// <returns>Null if it is absent, not a range of bytes, or without the total length.</returns>
    public static ContentRange? Parse(string? value)
    {
        if (value is null || !value.StartsWith("bytes ", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var text = value.AsSpan("bytes ".Length).Trim();
        var (dash, slash) = (text.IndexOf('-'), text.IndexOf('/'));
        return dash > 0 && slash > dash
            && TryRead(text[..dash], out var first) && TryRead(text[(dash + 1)..slash], out var last) && TryRead(text[(slash + 1)..], out var complete)
            && first <= last && last < complete
            ? new ContentRange(new ByteRange(first, last), complete)
            : null;
    }

    private static bool TryRead(ReadOnlySpan<char> digits, out long value) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
