using System.ComponentModel.DataAnnotations;
using Danmaku.HttpCache.Policy;

namespace Danmaku.Node.Options;

/// <summary>The HTTP cache of an edge. Bound from <c>Danmaku:Cache</c>; a bad value stops the node at start.</summary>
public sealed class CacheOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Cache";

    /// <summary>Whether an edge caches. If not, it answers only with what it has itself. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Where content comes from, such as <c>http://10.0.0.5:8080</c>, separated by commas; if one fails the next is used. Default empty: this node if it is an
    /// origin, else the origins of the cluster.
    /// </summary>
    public string Upstreams { get; set; } = "";

    /// <summary>
    /// Where edges reach this origin over HTTP. Default empty: its address in the cluster's network, and the port of <c>urls</c>.
    /// </summary>
    [StringLength(200)]
    public string AdvertisedUrl { get; set; } = "";

    /// <summary>
    /// Whether <c>Host</c> is forwarded to the origin and is part of the cache key, for origins with several sites. Default false: an origin gets its own name,
    /// and all hosts are one site.
    /// </summary>
    public bool ForwardHost { get; set; }

    /// <summary>
    /// Methods forwarded to origins besides GET and HEAD, separated by commas; others are refused with 405. CONNECT and TRACE are never forwarded. Default
    /// <c>POST, PUT, PATCH, DELETE, OPTIONS</c>.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9!#$%&'*+.^_`|~, -]{0,500}$")]
    public string Methods { get; set; } = "POST, PUT, PATCH, DELETE, OPTIONS";

    /// <summary>Whether <c>Cache-Control</c> in requests counts, so that clients may ask for validation. Default true.</summary>
    public bool FollowRequests { get; set; } = true;

    /// <summary>
    /// Fields of responses that replace <c>Cache-Control</c> (RFC 9213), separated by commas, in order of priority. Default <c>CDN-Cache-Control</c>.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9-, ]{0,500}$")]
    public string TargetedFields { get; set; } = TargetedCacheControl.FieldName;

    /// <summary>Most bytes of responses in memory, plus about 1 KiB for each; the least used are removed first. 1 MiB to 64 GiB, default 256 MiB.</summary>
    [Range(1024L * 1024, 64L * 1024 * 1024 * 1024)]
    public long MemoryBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Most bytes of responses on disk, plus 8 KiB for each; the least used are removed first. 0 = no disk, to 16 TiB, default 1 GiB.</summary>
    [Range(0, 16L * 1024 * 1024 * 1024 * 1024)]
    public long DiskBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>
    /// Bytes of that disk that the cache leaves free. If others fill the disk, it deletes responses until they are free again. 0 to 16 TiB, default a tenth of
    /// the disk, at most 10 GiB.
    /// </summary>
    [Range(0, 16L * 1024 * 1024 * 1024 * 1024)]
    public long? DiskFree { get; set; }

    /// <summary>Where the responses on disk are. Default: <c>cache</c> in the data directory.</summary>
    public string Directory { get; set; } = "";

    /// <summary>Larger responses are stored in slices if the origin allows it, and are else not stored. 1 KiB to 1 GiB, default 64 MiB.</summary>
    [Range(1024L, 1024L * 1024 * 1024)]
    public long MaxEntryBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>The largest body of a forwarded request; more is refused with 413. 0 to 1 GiB, default 1 MiB.</summary>
    [Range(0L, 1024L * 1024 * 1024)]
    public long MaxRequestBytes { get; set; } = 1024 * 1024;

    /// <summary>How long an origin may take to begin its answer, and between two pieces of it. 100 ms to 10 min, default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a stale response may be used when the origin fails, if the response neither sets that time nor forbids it. 0 to 30 days, default 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan StaleIfError { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// After a response that could not be shared: how long requests for the same resource do not wait for each other. 0 to 1 h, default 10 s.
    /// </summary>
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
            yield return new ValidationResult("must not contain CONNECT or TRACE, which are never forwarded", [nameof(Methods)]);
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
