using System.Globalization;

namespace Danmaku.HttpCache.Policy;

/// <summary>The directives of a <c>Cache-Control</c> (RFC 9111 §5.2, RFC 5861, RFC 8246), of a request or a response.</summary>
/// <remarks>
/// Unknown directives are ignored. Of a repeated directive the most restrictive counts, and an invalid time is 0 (§4.2.1): unclear responses are not reused.
/// </remarks>
internal sealed record CacheControl
{
    /// <summary>Longer than any response is kept; larger numbers mean the same (§1.2.2).</summary>
    private const long MaxSeconds = int.MaxValue;

    public static readonly CacheControl None = new();

    /// <summary>Whether there was any directive, even an unknown one.</summary>
    public bool IsPresent { get; init; }

    public bool NoStore { get; init; }

    /// <summary>Without field names.</summary>
    public bool NoCache { get; init; }

    /// <summary>Without field names.</summary>
    public bool Private { get; init; }

    /// <summary>The fields that must not be stored because of <c>no-cache="…"</c> and <c>private="…"</c>.</summary>
    public IReadOnlyList<string> NotStored { get; init; } = [];

    public bool Public { get; init; }

    public bool MustRevalidate { get; init; }

    public bool ProxyRevalidate { get; init; }

    public bool MustUnderstand { get; init; }

    public bool Immutable { get; init; }

    public bool OnlyIfCached { get; init; }

    public TimeSpan? MaxAge { get; init; }

    public TimeSpan? SharedMaxAge { get; init; }

    public TimeSpan? MinFresh { get; init; }

    /// <summary><see cref="TimeSpan.MaxValue"/> for any staleness.</summary>
    public TimeSpan? MaxStale { get; init; }

    public TimeSpan? StaleWhileRevalidate { get; init; }

    public TimeSpan? StaleIfError { get; init; }

    /// <param name="value">All field lines joined by commas; null when there is none.</param>
    public static CacheControl Parse(string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return None;
        }

        var parsed = new CacheControl { IsPresent = true };
        foreach (var member in HttpFields.Members(value))
        {
            var equals = member.IndexOf('=', StringComparison.Ordinal);
            parsed = equals < 0
                ? parsed.With(member.ToLowerInvariant(), null)
                : parsed.With(member[..equals].ToLowerInvariant(), member[(equals + 1)..]);
        }

        return parsed;
    }

    /// <summary>Reads a directive of RFC 9213, where a number is an Integer and a flag a Boolean.</summary>
    internal CacheControl With(string name, string? argument) => name switch
    {
        "no-store" => this with { NoStore = true },
        "no-cache" => argument is null ? this with { NoCache = true } : this with { NotStored = [.. NotStored, .. Names(argument)] },
        "private" => argument is null ? this with { Private = true } : this with { NotStored = [.. NotStored, .. Names(argument)] },
        "public" => this with { Public = true },
        "must-revalidate" => this with { MustRevalidate = true },
        "proxy-revalidate" => this with { ProxyRevalidate = true },
        "must-understand" => this with { MustUnderstand = true },
        "immutable" => this with { Immutable = true },
        "only-if-cached" => this with { OnlyIfCached = true },
        "max-age" => this with { MaxAge = Least(MaxAge, Seconds(argument)) },
        "s-maxage" => this with { SharedMaxAge = Least(SharedMaxAge, Seconds(argument)) },
        "min-fresh" => this with { MinFresh = Seconds(argument) },
        "max-stale" => this with { MaxStale = argument is null ? TimeSpan.MaxValue : Seconds(argument) },
        "stale-while-revalidate" => this with { StaleWhileRevalidate = Least(StaleWhileRevalidate, Seconds(argument)) },
        "stale-if-error" => this with { StaleIfError = Least(StaleIfError, Seconds(argument)) },
        _ => this,
    };

    private static TimeSpan Least(TimeSpan? before, TimeSpan next) => before < next ? before.Value : next;

    /// <summary>A time in whole seconds, in quotes or not; 0 when invalid.</summary>
    private static TimeSpan Seconds(string? argument)
    {
        var digits = argument is ['"', .. var quoted, '"'] ? quoted : argument ?? "";
        if (digits.Length == 0 || digits.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return TimeSpan.Zero;
        }

        return TimeSpan.FromSeconds(long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? Math.Min(seconds, MaxSeconds)
            : MaxSeconds);
    }

    private static List<string> Names(string argument) => HttpFields.Members(argument.Trim('"'));
}
