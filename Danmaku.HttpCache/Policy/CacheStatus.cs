using System.Globalization;
using System.Text;

namespace Danmaku.HttpCache.Policy;

/// <summary><c>Cache-Status</c> (RFC 9211): how a cache handled a request.</summary>
/// <param name="Cache">The cache's name, a token.</param>
internal sealed record CacheStatus(string Cache)
{
    public bool IsHit { get; init; }

    /// <summary>Why it was forwarded; null when it was not (§2.2).</summary>
    public string? Forwarded { get; init; }

    /// <summary>The upstream's status, if another one is sent (§2.3).</summary>
    public int? ForwardedStatus { get; init; }

    public TimeSpan? TimeToLive { get; init; }

    public bool IsStored { get; init; }

    /// <summary>Whether it waited for another request's answer (§2.6).</summary>
    public bool IsCollapsed { get; init; }

    /// <summary>A token.</summary>
    public string? Detail { get; init; }

    public override string ToString()
    {
        var text = new StringBuilder(Cache);
        if (IsHit)
        {
            text.Append("; hit");
        }

        if (Forwarded is not null)
        {
            text.Append("; fwd=").Append(Forwarded);
        }

        if (ForwardedStatus is { } status)
        {
            text.Append(CultureInfo.InvariantCulture, $"; fwd-status={status}");
        }

        if (TimeToLive is { } left)
        {
            text.Append(CultureInfo.InvariantCulture, $"; ttl={(long)Math.Floor(left.TotalSeconds)}");
        }

        if (IsStored)
        {
            text.Append("; stored");
        }

        if (IsCollapsed)
        {
            text.Append("; collapsed");
        }

        if (Detail is not null)
        {
            text.Append("; detail=").Append(Detail);
        }

        return text.ToString();
    }
}
