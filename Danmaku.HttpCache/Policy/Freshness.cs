using System.Collections.Frozen;
using System.Globalization;

namespace Danmaku.HttpCache.Policy;

/// <summary>How long a stored response may be used, computed when it is stored or validated (RFC 9111 §4.2).</summary>
/// <param name="InitialAge">Its corrected initial age (§4.2.3).</param>
/// <param name="ResponseTime">When the response arrived.</param>
/// <param name="Lifetime">Its freshness lifetime (§4.2.1).</param>
/// <param name="MustValidate">Whether it is never used without validation: <c>no-cache</c>.</param>
/// <param name="StaleWhileRevalidate">How long it may be used while it is validated (RFC 5861 §3).</param>
/// <param name="StaleIfError">How long it may be used when the origin fails (RFC 5861 §4).</param>
/// <param name="ClientsMayExtend">Whether <c>max-stale</c> of a request counts.</param>
internal sealed record Freshness(
    TimeSpan InitialAge,
    DateTimeOffset ResponseTime,
    TimeSpan Lifetime,
    bool MustValidate,
    TimeSpan StaleWhileRevalidate,
    TimeSpan StaleIfError,
    bool ClientsMayExtend)
{
    /// <summary>The statuses that may be fresh by heuristics without <c>public</c> (RFC 9110 §15.1). This cache does not store a 206 by itself.</summary>
    private static readonly FrozenSet<int> Heuristic = FrozenSet.ToFrozenSet([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

    /// <summary>The age of a response with an invalid <c>Age</c>: older than anything.</summary>
    private static readonly TimeSpan Ancient = TimeSpan.FromSeconds(int.MaxValue);

    public TimeSpan AgeAt(DateTimeOffset now) => InitialAge + (now > ResponseTime ? now - ResponseTime : TimeSpan.Zero);

    /// <summary>The remaining freshness; negative when stale.</summary>
    public TimeSpan LeftAt(DateTimeOffset now) => Lifetime - AgeAt(now);

    /// <summary>Whether it may be used when the origin fails.</summary>
    public bool MayReplaceError(DateTimeOffset now) => !MustValidate && LeftAt(now) > -StaleIfError;

    public static Freshness Of(ResponseHead response, CacheRules rules)
    {
        var fields = response.Fields;
        var date = HttpDate.Parse(fields.Only("Date"), response.ResponseTime);
        var (followed, isTargeted) = TargetedCacheControl.Followed(fields, rules);
        var lifetime = LifetimeOf(response, followed, isTargeted, date, rules);

        // s-maxage forbids what proxy-revalidate forbids (§5.2.2.10).
        var mayBeStale = !followed.MustRevalidate && !followed.ProxyRevalidate && followed.SharedMaxAge is null && !followed.NoCache;
        // A stored error is no better than the error that it would replace.
        var stands = mayBeStale && !CachePolicy.IsFailure(response.Status);
        return new Freshness(
            InitialAgeOf(response, date),
            response.ResponseTime,
            lifetime,
            followed.NoCache,
            followed.NoCache || followed.MustRevalidate || followed.ProxyRevalidate ? TimeSpan.Zero : followed.StaleWhileRevalidate ?? TimeSpan.Zero,
            followed.StaleIfError is { } given && !followed.MustRevalidate && !followed.NoCache ? given : stands ? rules.StaleIfError : TimeSpan.Zero,
            mayBeStale);
    }

    /// <summary>Corrected initial age (§4.2.3). An invalid or repeated <c>Age</c> counts as very old.</summary>
    private static TimeSpan InitialAgeOf(ResponseHead response, DateTimeOffset? date)
    {
        var apparent = date is { } sent && response.ResponseTime > sent ? response.ResponseTime - sent : TimeSpan.Zero;

        // Dates have whole seconds: a fraction of a second of the origin's clock is no age.
        apparent = apparent < TimeSpan.FromSeconds(1) ? TimeSpan.Zero : apparent;
        var stated = TimeSpan.Zero;
        if (response.Fields.Has("Age"))
        {
            stated = ReadAge(response.Fields.Only("Age")) ?? Ancient;
        }

        var corrected = stated + (response.ResponseTime - response.RequestTime);
        return apparent > corrected ? apparent : corrected;
    }

    private static TimeSpan? ReadAge(string? text) =>
        text is { Length: > 0 } && !text.AsSpan().ContainsAnyExceptInRange('0', '9')
            ? long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue))
                : Ancient
            : null;

    /// <param name="isTargeted">If so, <c>Expires</c> does not count (RFC 9213 §2.1).</param>
    private static TimeSpan LifetimeOf(ResponseHead response, CacheControl control, bool isTargeted, DateTimeOffset? date, CacheRules rules)
    {
        if ((control.SharedMaxAge ?? control.MaxAge) is { } explicitly)
        {
            return explicitly;
        }

        var from = date ?? response.ResponseTime;
        if (!isTargeted && response.Fields.Has("Expires"))
        {
            // An invalid date, such as "0", counts as past (§5.3).
            return HttpDate.Parse(response.Fields.Only("Expires"), response.ResponseTime) is { } expires && expires > from ? expires - from : TimeSpan.Zero;
        }

        if (!(Heuristic.Contains(response.Status) || control.Public)
            || HttpDate.Parse(response.Fields.Only("Last-Modified"), response.ResponseTime) is not { } modified || modified >= from)
        {
            return TimeSpan.Zero;
        }

        var heuristic = (from - modified) * rules.HeuristicFraction;
        return heuristic > rules.MaxHeuristic ? rules.MaxHeuristic : heuristic;
    }
}
