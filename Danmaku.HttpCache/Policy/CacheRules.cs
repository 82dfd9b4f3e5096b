namespace Danmaku.HttpCache.Policy;

/// <summary>Settings of a shared cache beyond the messages' directives.</summary>
internal sealed record CacheRules
{
    public static readonly CacheRules Default = new();

    /// <summary>How long a stale response may be used when the origin fails, if the response does not set it (RFC 9111 §4.2.4).</summary>
    public TimeSpan StaleIfError { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A response without a lifetime is fresh for this part of the time since its last modification (§4.2.2).</summary>
    public double HeuristicFraction { get; init; } = 0.1;

    /// <summary>The longest such time.</summary>
    public TimeSpan MaxHeuristic { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Most field names in <c>Vary</c>; a response with more is not stored.</summary>
    public int MaxVaryNames { get; init; } = 16;

    /// <summary>Most characters of the values that a response varies by; a response with more is not stored.</summary>
    public int MaxVaryChars { get; init; } = 2048;

    /// <summary>The targeted fields that replace <c>Cache-Control</c>: the first valid one counts (RFC 9213 §2.2).</summary>
    public IReadOnlyList<string> TargetedFields { get; init; } = [TargetedCacheControl.FieldName];

    /// <summary>Whether <c>no-cache</c>, <c>max-age</c> and so on in requests count.</summary>
    public bool FollowRequests { get; init; } = true;
}

/// <summary>The parts of a request that a cache needs.</summary>
/// <param name="Fields">As received.</param>
internal sealed record RequestHead(string Method, IReadOnlyList<HttpField> Fields)
{
    public CacheControl CacheControl { get; } = CacheControl.Parse(Fields.Combined("Cache-Control"));
}

/// <summary>A response without its body.</summary>
/// <param name="RequestTime">When the request was sent.</param>
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

    /// <summary>It is never fresh, and has no validator.</summary>
    NoLifetime,
}
