using System.Globalization;

namespace Danmaku.Core.Http;

/// <summary>How a body travels. Three codings and no more, so that no client can make a cache keep the same body many times.</summary>
public enum ContentCoding
{
    Identity,
    Gzip,
    Brotli,
}

/// <summary>What <c>Accept-Encoding</c> asks for (RFC 9110 §12.5.3).</summary>
public static class ContentCodings
{
    /// <summary>Its name in <c>Content-Encoding</c>, <c>Accept-Encoding</c> and cache keys: br, gzip or identity.</summary>
    public static string Name(this ContentCoding coding) => coding switch
    {
        ContentCoding.Brotli => "br",
        ContentCoding.Gzip => "gzip",
        _ => "identity",
    };

    /// <summary>
    /// The smallest of the three that the client accepts: a weight counts only where it is 0. Identity when it accepts none, or says nothing.
    /// </summary>
    /// <param name="accept">The value of <c>Accept-Encoding</c>; several fields joined by commas. Null when there is none.</param>
    public static ContentCoding Choose(string? accept)
    {
        bool? brotli = null, gzip = null, any = null;
        foreach (var element in (accept ?? "").AsSpan().Split(','))
        {
            var item = accept.AsSpan(element).Trim();
            var end = item.IndexOf(';');
            var name = item[..(end < 0 ? item.Length : end)].Trim();
            var isAccepted = end < 0 || IsAccepted(item[(end + 1)..]);
            if (name.Equals("br", StringComparison.OrdinalIgnoreCase))
            {
                brotli = isAccepted;
            }
            else if (name.Equals("gzip", StringComparison.OrdinalIgnoreCase) || name.Equals("x-gzip", StringComparison.OrdinalIgnoreCase))
            {
                gzip = isAccepted;
            }
            else if (name is "*")
            {
                any = isAccepted;
            }
        }

        return brotli ?? any ?? false ? ContentCoding.Brotli : gzip ?? any ?? false ? ContentCoding.Gzip : ContentCoding.Identity;
    }

    /// <summary>A weight that cannot be read accepts nothing: identity is always right.</summary>
    private static bool IsAccepted(ReadOnlySpan<char> parameters)
    {
        var weight = parameters.Trim();
        return weight.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
            && decimal.TryParse(weight[2..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var q)
            && q is > 0 and <= 1;
    }
}
