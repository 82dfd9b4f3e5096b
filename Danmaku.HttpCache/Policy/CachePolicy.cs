using System.Collections.Frozen;

namespace Danmaku.HttpCache.Policy;

/// <summary>Decides what a shared cache may store, and when it may use it (RFC 9111 §3, §4, §5.2). Pure: the same messages give the same answers.</summary>
internal static class CachePolicy
{
    /// <summary>Final statuses whose meaning this cache knows, for <c>must-understand</c> (§5.2.2.3).</summary>
    private static readonly FrozenSet<int> Understood =
        FrozenSet.ToFrozenSet([200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 421, 451, 500, 501, 502, 503, 504]);

    /// <summary>Fields that a validation does not change (§3.2): they belong to the stored body.</summary>
    private static readonly FrozenSet<string> KeptOnValidation =
        HttpFields.Names("Content-Encoding", "Content-Length", "Content-MD5", "Content-Range", "ETag", "Set-Cookie");

    /// <summary>Why a complete response to a GET may not be stored; none if it may (§3).</summary>
    public static NotStored WhyNotStored(RequestHead request, ResponseHead response, CacheRules rules)
    {
        if (request.Method != "GET")
        {
            return NotStored.Method;
        }

        if (rules.FollowRequests && request.CacheControl.NoStore)
        {
            return NotStored.RequestNoStore;
        }

        if (response.Status is < 200 or 206 or 304 or 416)
        {
            return NotStored.Partial;
        }

        if (WhyForbidden(request, response, rules) is not NotStored.None and var forbidden)
        {
            return forbidden;
        }

        if (Vary.Of(response.Fields) is { } vary && vary.WhyNotStored(request.Fields, rules) is not NotStored.None and var why)
        {
            return why;
        }

        var freshness = Freshness.Of(response, rules);
        var isUsable = freshness.Lifetime > TimeSpan.Zero || response.Fields.Has("ETag") || response.Fields.Has("Last-Modified");
        return isUsable ? NotStored.None : NotStored.NoLifetime;
    }

    /// <summary>Whether the origin forbids to store a response, or does not allow what has to be allowed.</summary>
    private static NotStored WhyForbidden(RequestHead request, ResponseHead response, CacheRules rules)
    {
        var (followed, _) = TargetedCacheControl.Followed(response.Fields, rules);
        var understands = followed.MustUnderstand && Understood.Contains(response.Status);
        if (followed.MustUnderstand && !understands)
        {
            return NotStored.NotUnderstood;
        }

        // A server that knows must-understand sends no-store for caches that do not (§5.2.2.3).
        if (followed.NoStore && !understands)
        {
            return NotStored.NoStore;
        }

        if (followed.Private)
        {
            return NotStored.Private;
        }

        if (response.Fields.Has("Set-Cookie"))
        {
            return NotStored.SetCookie;
        }

        // CDN-Cache-Control is written for caches that serve everybody; it too must allow Authorization.
        var isAllowed = followed.Public || followed.MustRevalidate || followed.SharedMaxAge is not null;
        return request.Fields.Has("Authorization") && !isAllowed ? NotStored.Authorization : NotStored.None;
    }

    /// <summary>The fields to store: those of the message without those that <c>no-cache="…"</c> and <c>private="…"</c> name.</summary>
    public static List<HttpField> FieldsToStore(IReadOnlyList<HttpField> fields)
    {
        var stored = fields.EndToEnd();
        var unwanted = CacheControl.Parse(fields.Combined("Cache-Control")).NotStored;
        stored.RemoveAll(field => unwanted.Contains(field.Name, StringComparer.OrdinalIgnoreCase));
        return stored;
    }

    /// <summary>The fields after a 304: those of the 304 replace those of the same name (§3.2, §4.3.4).</summary>
    public static List<HttpField> Freshen(IReadOnlyList<HttpField> stored, IReadOnlyList<HttpField> notModified)
    {
        var changed = FieldsToStore(notModified);
        changed.RemoveAll(field => KeptOnValidation.Contains(field.Name));
        var names = changed.Select(field => field.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);

        // The old age and date belong to the earlier response; the validation is new, even if the origin sends no date.
        return [.. stored.Where(field => !names.Contains(field.Name) && !field.Is("Age") && !field.Is("Date")), .. changed];
    }

    /// <summary>Decides what to do with a stored response that matches a request.</summary>
    public static CacheUse Decide(Freshness freshness, CacheControl request, CacheRules rules, DateTimeOffset now)
    {
        var asked = rules.FollowRequests ? request : CacheControl.None;
        var left = freshness.LeftAt(now);
        if (freshness.MustValidate)
        {
            return CacheUse.Validate;
        }

        if (asked.NoCache || freshness.AgeAt(now) > asked.MaxAge || (asked.MaxAge == TimeSpan.Zero) || left < asked.MinFresh)
        {
            return CacheUse.ValidateForRequest;
        }

        if (left > TimeSpan.Zero)
        {
            return CacheUse.Fresh;
        }

        if (asked.MaxStale is { } stale && freshness.ClientsMayExtend && (stale == TimeSpan.MaxValue || left > -stale))
        {
            return CacheUse.Stale;
        }

        return left > -freshness.StaleWhileRevalidate ? CacheUse.StaleWhileRevalidate : CacheUse.Validate;
    }

    /// <summary>Whether an answer means that the origin failed, so that a stored response may be used instead (RFC 5861 §4).</summary>
    public static bool IsFailure(int status) => status is 500 or 502 or 503 or 504;

    public static bool IsSafe(string method) => method is "GET" or "HEAD" or "OPTIONS" or "TRACE";

    /// <summary>Whether an answer to an unsafe request invalidates stored responses (§4.4).</summary>
    public static bool Invalidates(string method, int status) => !IsSafe(method) && status is >= 200 and < 400;
}

/// <summary>How a request uses a stored response.</summary>
internal enum CacheUse
{
    Fresh,

    /// <summary>Used although stale, because the request allows it.</summary>
    Stale,

    /// <summary>Used although stale, and validated meanwhile.</summary>
    StaleWhileRevalidate,

    /// <summary>Used only after validation by the origin.</summary>
    Validate,

    /// <summary>The same although it is fresh, because the request asks for it.</summary>
    ValidateForRequest,
}
