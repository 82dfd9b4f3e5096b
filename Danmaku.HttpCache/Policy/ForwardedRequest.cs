using System.Collections.Frozen;

namespace Danmaku.HttpCache.Policy;

/// <summary>Chooses the fields of a client's request that are forwarded to the origin.</summary>
internal static class ForwardedRequest
{
    /// <summary>
    /// Fields by which a client could change the origin's answer although they are not part of the cache key: other hosts, schemes, paths, methods, other
    /// clients. This cache itself sets the client's address.
    /// </summary>
    private static readonly FrozenSet<string> Unkeyed = HttpFields.Names(
        "Host", "Content-Length", "Expect", "Forwarded", "Proxy", "X-Content-Length",
        "X-Host", "X-Http-Host", "X-Server-Name", "X-Backend-Host", "X-Proxy-Host", "X-Proxy-Url", "X-Scheme", "X-Url-Scheme", "X-Https", "Front-End-Https",
        "X-Method-Override", "X-Method", "Base-Url", "Http-Url", "Request-Uri", "X-Request-Uri", "X-Request-Url", "X-Override-Url", "X-Url", "X-Uri",
        "X-Real-Url", "X-Path",
        "X-Path-Info", "X-Path-Prefix", "X-Prefix", "X-Script-Name", "X-Base-Path", "X-Ingress-Path", "X-Destination", "X-Waws-Unencoded-Url",
        "X-Envoy-Original-Path",
        "X-Envoy-Original-Host", "Client-Ip", "Cluster-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip",
        "X-Remote-Ip", "X-Remote-Addr", "X-Remote-Host", "X-Forward", "X-Forward-For", "X-Forward-Host", "X-Forward-Proto", "X-Forwarder-For",
        "X-Proxyuser-Ip");

    /// <summary>Prefixes of such fields; each server has its own.</summary>
    private static readonly string[] UnkeyedFamilies = ["X-Forwarded", "X-Original", "X-Rewrite", "X-Http-Method", "X-Http-Host", "X-Http-Path"];

    /// <summary>The client's conditions and ranges; the cache answers them from the whole response.</summary>
    private static readonly FrozenSet<string> OfTheClient =
        HttpFields.Names("If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range");

    /// <summary>Conditions that only the origin can answer (RFC 9110 §13.1.1, §13.1.4); such requests are not answered from the cache.</summary>
    public static bool HasOriginConditions(IReadOnlyList<HttpField> request) => request.Has("If-Match") || request.Has("If-Unmodified-Since");

    /// <param name="whole">Whether to request the whole, unconditional response for the store.</param>
    public static List<HttpField> Fields(IReadOnlyList<HttpField> request, bool whole)
    {
        var fields = request.EndToEnd();
        fields.RemoveAll(field => IsUnkeyed(field.Name) || field.Is("Accept-Encoding") || (whole && OfTheClient.Contains(field.Name)));
        if (Encodings.Preferred(request.Combined("Accept-Encoding")) is not Encodings.Identity and var encoding)
        {
            fields.Add(new HttpField("Accept-Encoding", encoding));
        }

        return fields;
    }

    /// <summary>An underscore counts as a hyphen: servers that pass fields as variables do not distinguish them.</summary>
    private static bool IsUnkeyed(string name)
    {
        var hyphens = name.Contains('_', StringComparison.Ordinal) ? name.Replace('_', '-') : name;
        return Unkeyed.Contains(hyphens) || UnkeyedFamilies.Any(family => hyphens.StartsWith(family, StringComparison.OrdinalIgnoreCase));
    }
}
