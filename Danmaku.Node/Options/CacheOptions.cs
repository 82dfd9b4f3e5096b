using System.ComponentModel.DataAnnotations;
using Danmaku.HttpCache.Policy;

namespace Danmaku.Node.Options;

/// <summary>The HTTP cache of an edge. Bound from <c>Danmaku:Cache</c>; a bad value stops the node at start.</summary>
public sealed class CacheOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Cache";

    /// <summary>Whether an edge caches. Without, it answers what it has itself. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Where content comes from, such as <c>http://10.0.0.5:8080</c>, separated by commas; the next where one fails. Default empty: this
    /// node where it is an origin, else the origins of the cluster.
    /// </summary>
    public string Upstreams { get; set; } = "";

    /// <summary>
    /// Where edges reach this origin over HTTP. Default empty: its address in the cluster's network, and the port of <c>urls</c>.
    /// </summary>
    [StringLength(200)]
    public string AdvertisedUrl { get; set; } = "";

    /// <summary>
    /// Whether <c>Host</c> goes on to the origin and is part of the key, for origins with several sites. Default false: an origin hears
    /// its own name, and all hosts are one site.
    /// </summary>
    public bool ForwardHost { get; set; }

    /// <summary>
    /// Methods that go on to origins beside GET and HEAD, separated by commas; others are refused with 405, and CONNECT and TRACE always. Default
    /// <c>POST, PUT, PATCH, DELETE, OPTIONS</c>.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9!#$%&'*+.^_`|~, -]{0,500}$")]
    public string Methods { get; set; } = "POST, PUT, PATCH, DELETE, OPTIONS";

    /// <summary>Whether <c>Cache-Control</c> of requests is followed, so that clients may ask for validation. Default true.</summary>
    public bool FollowRequests { get; set; } = true;

    /// <summary>
    /// Fields of responses that are followed instead of <c>Cache-Control</c> (RFC 9213), separated by commas, the first first. Default
    /// <c>CDN-Cache-Control</c>.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9-, ]{0,500}$")]
    public string TargetedFields { get; set; } = TargetedCacheControl.FieldName;

    /// <summary>Most bytes of responses in memory, with about 1 KiB for each; the least used go first. 1 MiB to 64 GiB, default 256 MiB.</summary>
    [Range(1024L * 1024, 64L * 1024 * 1024 * 1024)]
    public long MemoryBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Most bytes of responses on disk, with 8 KiB for each; the least used go first. 0 = no disk, to 16 TiB, default 1 GiB.</summary>
    [Range(0, 16L * 1024 * 1024 * 1024 * 1024)]
    public long DiskBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>
    /// Bytes of that disk that stay free for others; where these fill it, responses go until it is so again. 0 to 16 TiB, default a tenth of
    /// the disk, at most 10 GiB.
    /// </summary>
    [Range(0, 16L * 1024 * 1024 * 1024 * 1024)]
    public long? DiskFree { get; set; }

    /// <summary>Where they are on disk. Default: <c>cache</c> in the data directory.</summary>
    public string Directory { get; set; } = "";

    /// <summary>Larger responses are stored in slices where the origin allows it, else they pass through. 1 KiB to 1 GiB, default 64 MiB.</summary>
    [Range(1024L, 1024L * 1024 * 1024)]
    public long MaxEntryBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>Most bytes in the body of a request that is forwarded; more is refused with 413. 0 to 1 GiB, default 1 MiB.</summary>
    [Range(0L, 1024L * 1024 * 1024)]
    public long MaxRequestBytes { get; set; } = 1024 * 1024;

    /// <summary>How long an origin may take until its answer begins, and between two pieces of it. 100 ms to 10 min, default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a stale response may stand in for an origin that fails, where it does not say itself and does not forbid it. 0 to 30 days,
    /// default 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan StaleIfError { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long requests for what could not be shared are not made to wait for each other. 0 to 1 h, default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan PassFor { get; set; } = TimeSpan.FromSeconds(10);

    public IReadOnlyList<string> MethodList => Csv.Split(Methods);

    public IReadOnlyList<Uri> UpstreamList => [.. Csv.Split(Upstreams).Select(text => Read(text)!)];

    public Uri? AdvertisedUri => AdvertisedUrl.Length == 0 ? null : Read(AdvertisedUrl);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Csv.Split(Upstreams).Any(text => Read(text) is null))
        {
            yield return new ValidationResult("must be addresses such as http://10.0.0.5:8080, separated by commas", [nameof(Upstreams)]);
        }

        if (AdvertisedUrl.Length > 0 && AdvertisedUri is null)
        {
            yield return new ValidationResult("must be an address such as http://10.0.0.5:8080", [nameof(AdvertisedUrl)]);
        }

        if (MethodList.Any(method => HttpMethods.IsConnect(method) || HttpMethods.IsTrace(method)))
        {
            yield return new ValidationResult("CONNECT and TRACE are never passed on", [nameof(Methods)]);
        }

        if (MaxEntryBytes > MemoryBytes)
        {
            yield return new ValidationResult("must not be more than MemoryBytes", [nameof(MaxEntryBytes)]);
        }
    }

    private static Uri? Read(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url is { Scheme: "http" or "https", PathAndQuery: "/", Fragment: "", UserInfo: "" }
            ? url
            : null;
}
