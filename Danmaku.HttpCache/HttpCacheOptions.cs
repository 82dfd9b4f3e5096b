using System.Globalization;
using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache;

/// <summary>How a cache behaves. Every value but <see cref="Name"/> has a default that works.</summary>
public sealed record HttpCacheOptions
{
    /// <summary>
    /// What this cache is called in <c>Via</c>, <c>Cache-Status</c> and <c>X-Cache</c>: a token (RFC 9110 §5.6.2), another one for each cache on the way,
    /// since a request whose <c>Via</c> names it is a loop.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>Whether <c>Host</c> goes on to upstreams and is part of the key, for upstreams with several sites. Default false: all hosts are one site.</summary>
    public bool ForwardHost { get; init; }

    /// <summary>
    /// The methods that go on to upstreams beside GET and HEAD; a request with another is refused with 405. Case counts (RFC 9110 §9.1); CONNECT and TRACE
    /// are never passed on. Default POST, PUT, PATCH, DELETE and OPTIONS.
    /// </summary>
    public IReadOnlyList<string> Methods { get; init; } = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <summary>Whether <c>Cache-Control</c> of requests is followed (RFC 9111 §5.2.1), so that clients may ask for validation. Default true.</summary>
    public bool FollowRequests { get; init; } = true;

    /// <summary>
    /// Fields of responses that are followed instead of <c>Cache-Control</c>: the first that is there and can be read (RFC 9213 §2.2). Default
    /// <c>CDN-Cache-Control</c>.
    /// </summary>
    public IReadOnlyList<string> TargetedFields { get; init; } = [TargetedCacheControl.FieldName];

    /// <summary>Most bytes of responses in memory, with about 1 KiB for each; the least used go first. Default 256 MiB.</summary>
    public long MemoryBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Most bytes of responses on disk, with 8 KiB for each; the least used go first. Default 0: no disk.</summary>
    public long DiskBytes { get; init; }

    /// <summary>
    /// Bytes of that disk that stay free for others; where these fill it, responses go until it is so again. Default null: a tenth of the disk, at most
    /// 10 GiB.
    /// </summary>
    public long? DiskFree { get; init; }

    /// <summary>Where responses are on disk: a directory of this cache alone, made where it is missing.</summary>
    public string Directory { get; init; } = "cache";

    /// <summary>Larger responses are not stored whole, but in slices where the upstream allows it. At most <see cref="MemoryBytes"/>; default 64 MiB.</summary>
    public long MaxEntryBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>
    /// Bytes of a slice: what is asked of an upstream at once where a client wants a part of what is not stored. At most <see cref="MaxEntryBytes"/>,
    /// which is taken where it is less; default 1 MiB.
    /// </summary>
    public long SliceBytes { get => Math.Min(field, MaxEntryBytes); init; } = 1024 * 1024;

    /// <summary>Most bytes in the body of a request that is forwarded; more is refused with 413. Default 1 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 1024 * 1024;

    /// <summary>How long an upstream may take between two pieces of its answer's body. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a stale response may stand in for an upstream that fails, where it does not say itself and does not forbid it (RFC 9111 §4.2.4).
    /// Default 1 min.
    /// </summary>
    public TimeSpan StaleIfError { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long requests for what could not be shared are not made to wait for each other. Default 10 s.</summary>
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
