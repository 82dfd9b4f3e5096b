using System.Globalization;
using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache;

/// <summary>The options of a cache. Every value but <see cref="Name"/> has a default that works.</summary>
public sealed record HttpCacheOptions
{
    /// <summary>
    /// The cache's name in <c>Via</c>, <c>Cache-Status</c> and <c>X-Cache</c>: a token (RFC 9110 §5.6.2). It must differ between the caches on the way, because
    /// a request whose <c>Via</c> has it is a loop.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>
    /// Whether <c>Host</c> is forwarded to upstreams and is part of the cache key, for upstreams with several sites. Default false: all hosts are one site.
    /// </summary>
    public bool ForwardHost { get; init; }

    /// <summary>
    /// The methods forwarded to upstreams besides GET and HEAD; others are refused with 405. Case matters (RFC 9110 §9.1). CONNECT and TRACE are never
    /// forwarded. Default POST, PUT, PATCH, DELETE and OPTIONS.
    /// </summary>
    public IReadOnlyList<string> Methods { get; init; } = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <summary>Whether <c>Cache-Control</c> in requests counts (RFC 9111 §5.2.1), so that clients may ask for validation. Default true.</summary>
    public bool FollowRequests { get; init; } = true;

    /// <summary>Fields of responses that replace <c>Cache-Control</c>: the first valid one counts (RFC 9213 §2.2). Default <c>CDN-Cache-Control</c>.</summary>
    public IReadOnlyList<string> TargetedFields { get; init; } = [TargetedCacheControl.FieldName];

    /// <summary>Most bytes of responses in memory, plus about 1 KiB for each; the least used are removed first. Default 256 MiB.</summary>
    public long MemoryBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Most bytes of responses on disk, plus 8 KiB for each; the least used are removed first. Default 0: no disk.</summary>
    public long DiskBytes { get; init; }

    /// <summary>
    /// Bytes of that disk that the cache leaves free. If others fill the disk, it deletes responses until they are free again. Default null: a tenth of the
    /// disk, at most 10 GiB.
    /// </summary>
    public long? DiskFree { get; init; }

    /// <summary>The directory of responses on disk, for this cache alone; created if it is missing.</summary>
    public string Directory { get; init; } = "cache";

    /// <summary>
    /// Larger responses are stored in slices if the upstream allows it, and are else not stored. At most <see cref="MemoryBytes"/>; default 64 MiB.
    /// </summary>
    public long MaxEntryBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>
    /// Bytes of a slice: what is requested from an upstream when a client wants a part that is not stored. If <see cref="MaxEntryBytes"/> is less, that is
    /// used. Default 1 MiB.
    /// </summary>
    public long SliceBytes { get => Math.Min(field, MaxEntryBytes); init; } = 1024 * 1024;

    /// <summary>The largest body of a forwarded request; more is refused with 413. Default 1 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 1024 * 1024;

    /// <summary>The longest time between two pieces of an upstream's body. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a stale response may be used when the upstream fails, if the response neither sets that time nor forbids it (RFC 9111 §4.2.4). Default 1 min.
    /// </summary>
    public TimeSpan StaleIfError { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>After a response that could not be shared: how long requests for the same resource do not wait for each other. Default 10 s.</summary>
    public TimeSpan PassFor { get; init; } = TimeSpan.FromSeconds(10);

    internal CacheRules ToRules() => CacheRules.Default with
    {
        StaleIfError = StaleIfError,
        FollowRequests = FollowRequests,
        TargetedFields = TargetedFields,
    };

    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    internal void Check()
    {
        Check(HttpFields.IsToken(Name), nameof(Name), "must be a token");
        Check(Methods.All(HttpFields.IsToken) && !Methods.Any(IsNeverPassedOn), nameof(Methods), "must be tokens, and neither CONNECT nor TRACE");
        Check(MemoryBytes > 0, nameof(MemoryBytes), "must be more than 0");
        Check(DiskBytes >= 0 && DiskFree is null or >= 0, nameof(DiskBytes), "must not be negative, as DiskFree");
        Check(MaxEntryBytes > 0 && MaxEntryBytes <= MemoryBytes, nameof(MaxEntryBytes), "must be more than 0 and not more than MemoryBytes");
        Check(SliceBytes > 0, nameof(SliceBytes), "must be more than 0");
        Check(MaxRequestBytes >= 0, nameof(MaxRequestBytes), "must not be negative");
        Check(Timeout > TimeSpan.Zero, nameof(Timeout), "must be more than 0");
        Check(StaleIfError >= TimeSpan.Zero && PassFor >= TimeSpan.Zero, nameof(StaleIfError), "must not be negative, as PassFor");
    }

    private static bool IsNeverPassedOn(string method) => HttpMethods.IsConnect(method) || HttpMethods.IsTrace(method);

    private static void Check(bool isRight, string name, string what)
    {
        if (!isRight)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{name} {what}."), name);
        }
    }
}
