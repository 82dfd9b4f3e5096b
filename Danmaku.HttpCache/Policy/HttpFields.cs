using System.Buffers;
using System.Collections.Frozen;

namespace Danmaku.HttpCache.Policy;

/// <summary>One field line of an HTTP message (RFC 9110 §5), its value without surrounding whitespace.</summary>
public readonly record struct HttpField(string Name, string Value)
{
    /// <summary>Names are compared without regard to case.</summary>
    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Reads a message's fields, in the order in which they came.</summary>
internal static class HttpFields
{
    /// <summary>Fields of one connection, not of the message (RFC 9110 §7.6.1, RFC 9111 §3.1).</summary>
    private static readonly FrozenSet<string> HopByHop = Names(
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade");

    private static readonly SearchValues<char> TokenChars =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>All values of a field, joined as RFC 9110 §5.3 allows for lists; null when it is absent.</summary>
    public static string? Combined(this IReadOnlyList<HttpField> fields, string name)
    {
        string? combined = null;
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields[i].Is(name))
            {
                combined = combined is null ? fields[i].Value : combined + ", " + fields[i].Value;
            }
        }

        return combined;
    }

    /// <summary>The value of a field that occurs exactly once; else null.</summary>
    public static string? Only(this IReadOnlyList<HttpField> fields, string name)
    {
        string? single = null;
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields[i].Is(name))
            {
                if (single is not null)
                {
                    return null;
                }

                single = fields[i].Value;
            }
        }

        return single;
    }

    public static bool Has(this IReadOnlyList<HttpField> fields, string name)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields[i].Is(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The fields that may be forwarded to the next hop: without those of the connection and those that <c>Connection</c> names.</summary>
    public static List<HttpField> EndToEnd(this IReadOnlyList<HttpField> fields)
    {
        var named = fields.Combined("Connection") is { } connection ? Members(connection) : [];
        return [.. fields.Where(field => !IsHopByHop(field.Name) && !named.Contains(field.Name, StringComparer.OrdinalIgnoreCase))];
    }

    public static bool IsHopByHop(string name) => HopByHop.Contains(name);

    /// <summary>The members of a list, without whitespace and without empty ones. A comma in a quoted string does not separate members.</summary>
    public static List<string> Members(string list)
    {
        var members = new List<string>();
        var (start, isQuoted) = (0, false);
        for (var i = 0; i <= list.Length; i++)
        {
            if (i == list.Length || (list[i] == ',' && !isQuoted))
            {
                if (list[start..i].Trim(' ', '\t') is { Length: > 0 } member)
                {
                    members.Add(member);
                }

                start = i + 1;
            }
            else if (list[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (list[i] == '\\' && isQuoted && i + 1 < list.Length)
            {
                i++;
            }
        }

        return members;
    }

    /// <summary>Whether it is a token (RFC 9110 §5.6.2), as names of fields, methods and proxies are.</summary>
    public static bool IsToken(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(TokenChars);

    internal static FrozenSet<string> Names(params string[] names) => names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}
