using System.Collections.Frozen;

namespace Danmaku.HttpCache.Policy;

/// <summary>Which fields of a client's request go on to the origin.</summary>
internal static class ForwardedRequest
{
    /// <summary>
    /// Fields by which a client could choose what the origin answers although they are not part of the key: other hosts, other paths,
    /// other methods. This node says itself who the client is.
    /// </summary>
    private static readonly FrozenSet<string> Unkeyed = HttpFields.Names(
        "Host", "Content-Length", "Expect", "Forwarded", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix",
        "X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Host", "X-HTTP-Host-Override", "X-HTTP-Method", "X-HTTP-Method-Override",
        "X-Method-Override", "X-Original-Host", "X-Original-URL", "X-Rewrite-URL", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "Front-End-Https",
        "X-Content-Length", "Proxy");

    /// <summary>Conditions and ranges of the client, which is answered from what the origin sends as a whole.</summary>
    private static readonly FrozenSet<string> OfTheClient =
        HttpFields.Names("If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range");

    /// <summary>Conditions that only the origin can answer (RFC 9110 §13.1.1, §13.1.4); such requests are not answered from what is stored.</summary>
    public static bool HasOriginConditions(IReadOnlyList<HttpField> request) => request.Has("If-Match") || request.Has("If-Unmodified-Since");

    /// <param name="whole">Whether the whole, unconditional response is wanted, as it is for the store.</param>
    public static List<HttpField> Fields(IReadOnlyList<HttpField> request, bool whole)
    {
        var fields = request.EndToEnd();
        fields.RemoveAll(field => Unkeyed.Contains(field.Name) || field.Is("Accept-Encoding") || (whole && OfTheClient.Contains(field.Name)));
        if (Encodings.Preferred(request.Combined("Accept-Encoding")) is not Encodings.Identity and var encoding)
        {
            fields.Add(new HttpField("Accept-Encoding", encoding));
        }

        return fields;
    }
}
