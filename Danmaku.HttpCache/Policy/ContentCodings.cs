namespace Danmaku.HttpCache.Policy;

/// <summary>The coding of a body. Only three, so that no client can make a cache store the same body many times.</summary>
public enum ContentCoding
{
    Identity,
    Gzip,
    Brotli,
}

/// <summary>Reads <c>Accept-Encoding</c> (RFC 9110 §12.5.3).</summary>
public static class ContentCodings
{
    /// <summary>Its name in <c>Content-Encoding</c>, <c>Accept-Encoding</c> and cache keys: br, gzip or identity.</summary>
    public static string Name(this ContentCoding coding) => coding switch
    {
        ContentCoding.Brotli => "br",
        ContentCoding.Gzip => "gzip",
        _ => "identity",
    };

    /// <summary>The smallest of the three that the client accepts, as edges count variants; see <see cref="Encodings.Preferred"/>.</summary>
    /// <param name="accept">The value of <c>Accept-Encoding</c>; several fields joined by commas. Null when there is none.</param>
    public static ContentCoding Choose(string? accept) => Encodings.Preferred(accept) switch
    {
        "br" => ContentCoding.Brotli,
        "gzip" => ContentCoding.Gzip,
        _ => ContentCoding.Identity,
    };
}
