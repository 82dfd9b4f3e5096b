namespace Danmaku.HttpCache.Policy;

/// <summary>What a shared cache may do beyond what the messages say.</summary>
internal sealed record CacheRules
{
    public static readonly CacheRules Default = new();

    /// <summary>For how long what has become stale may stand in for an origin that fails, where a response does not say (RFC 9111 §4.2.4).</summary>
    public TimeSpan StaleIfError { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The part of the time since it was last modified for which a response without a lifetime is fresh (§4.2.2).</summary>
    public double HeuristicFraction { get; init; } = 0.1;

    /// <summary>The most that such a response is fresh.</summary>
    public TimeSpan MaxHeuristic { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Most field names in <c>Vary</c>; a response with more is not stored.</summary>
    public int MaxVaryNames { get; init; } = 16;

    /// <summary>Most characters of the values that a response varies by; one with more is not stored.</summary>
    public int MaxVaryChars { get; init; } = 2048;

    /// <summary>The targeted fields that are followed instead of <c>Cache-Control</c>: the first that is there and can be read (RFC 9213 §2.2).</summary>
    public IReadOnlyList<string> TargetedFields { get; init; } = [TargetedCacheControl.FieldName];

    /// <summary>Whether <c>no-cache</c>, <c>max-age</c> and so on of requests are followed.</summary>
    public bool FollowRequests { get; init; } = true;
}

/// <summary>A request, as far as a cache needs it.</summary>
/// <param name="Fields">As received.</param>
internal sealed record RequestHead(string Method, IReadOnlyList<HttpField> Fields)
{
    public CacheControl CacheControl { get; } = CacheControl.Parse(Fields.Combined("Cache-Control"));
}

/// <summary>A response without its body.</summary>
/// <param name="RequestTime">When it was asked for.</param>
/// <param name="ResponseTime">When its head arrived.</param>
internal sealed record ResponseHead(int Status, IReadOnlyList<HttpField> Fields, DateTimeOffset RequestTime, DateTimeOffset ResponseTime);

/// <summary>Why a response is not stored.</summary>
internal enum NotStored
{
    /// <summary>It is.</summary>
    None,
    Method,
    RequestNoStore,
    NoStore,
    Private,
    SetCookie,
    Authorization,
    VaryAny,
    VaryTooLarge,
    Partial,
    NotUnderstood,

    /// <summary>It is never fresh, and there is nothing by which it could be validated.</summary>
    NoLifetime,
}
