using System.Buffers;
using System.Text;

namespace Danmaku.HttpCache.Policy;

/// <summary>
/// The path and query of a request in one normal form. It is both the cache key and the target sent to the origin, so cache and origin distinguish the same
/// targets.
/// </summary>
/// <remarks>
/// RFC 3986 §6.2.2: dot segments are removed, escapes of unreserved characters are resolved, others get upper-case digits. <c>%2F</c> stays, as do empty
/// segments and the order of the query: they may mean something.
/// </remarks>
internal static class RequestTarget
{
    /// <summary>Longer ones are refused.</summary>
    public const int MaxChars = 8192;

    private static readonly SearchValues<char> Unusual = SearchValues.Create("%.");
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?%[]{}|^`\"<>");

    /// <param name="raw">Origin-form or absolute-form (RFC 9112 §3.2.1, §3.2.2) as received; of the latter only path and query count.</param>
    /// <returns>Null when it is invalid: it does not begin with a slash, has characters that a URL cannot have, a broken escape, or is too long.</returns>
    public static string? Normalise(string raw)
    {
        raw = WithoutAuthority(raw);
        if (raw.Length is 0 or > MaxChars || raw[0] != '/' || raw.AsSpan().ContainsAnyExcept(Allowed))
        {
            return null;
        }

        if (!raw.AsSpan().ContainsAny(Unusual))
        {
            return raw;
        }

        if (NormaliseEscapes(raw) is not { } escaped)
        {
            return null;
        }

        var query = escaped.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? escaped : escaped[..query];
        return path.Contains("/.", StringComparison.Ordinal)
            ? RemoveDotSegments(path) + (query < 0 ? "" : escaped[query..])
            : escaped;
    }

    private static string WithoutAuthority(string raw)
    {
        var authority = raw.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? "http://".Length
            : raw.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? "https://".Length
            : 0;
        if (authority == 0)
        {
            return raw;
        }

        var length = raw.AsSpan(authority).IndexOfAny('/', '?');
        return length < 0 ? "/"
            : raw[authority + length] == '/' ? raw[(authority + length)..]
            : "/" + raw[(authority + length)..];
    }

    private static string? NormaliseEscapes(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                result.Append(text[i]);
                continue;
            }

            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                return null;
            }

            var value = (char)Convert.ToByte(text.Substring(i + 1, 2), 16);
            i += 2;
            if (char.IsAsciiLetterOrDigit(value) || value is '-' or '.' or '_' or '~')
            {
                result.Append(value);
            }
            else if (value is '\0' or '\r' or '\n')
            {
                return null;
            }
            else
            {
                result.Append('%').Append(text.Substring(i - 1, 2).ToUpperInvariant());
            }
        }

        return result.ToString();
    }

    /// <summary>RFC 3986 §5.2.4.</summary>
    private static string RemoveDotSegments(string path)
    {
        var kept = new List<string>();
        var segments = path[1..].Split('/');
        for (var i = 0; i < segments.Length; i++)
        {
            var isLast = i == segments.Length - 1;
            switch (segments[i])
            {
                case "." when isLast:
                    kept.Add("");
                    break;
                case ".":
                    break;
                case "..":
                    if (kept.Count > 0)
                    {
                        kept.RemoveAt(kept.Count - 1);
                    }

                    if (isLast)
                    {
                        kept.Add("");
                    }

                    break;
                default:
                    kept.Add(segments[i]);
                    break;
            }
        }

        return "/" + string.Join('/', kept);
    }
}
