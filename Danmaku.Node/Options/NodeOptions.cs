using System.ComponentModel.DataAnnotations;
using System.Net;
using Danmaku.WebSockets.Kestrel;

namespace Danmaku.Node.Options;

/// <summary>This node's name, roles, addresses and files. Bound from <c>Danmaku</c>; a bad value stops the node at start.</summary>
public sealed class NodeOptions : IValidatableObject
{
    public const string Section = "Danmaku";

    private const string EpollName = "epoll";
    private const string Sockets = "sockets";
    private const int MaxUrlChars = 200;

    private const long MinMemory = 4 * 1024 * 1024;

    /// <summary>The default of <see cref="Memory"/> is this part of the memory that the process may have: one quarter.</summary>
    private const int MemoryShare = 4;

    private static readonly string[] KnownRoles = ["origin", "edge"];

    /// <summary>The name that viewers and operators see; different on each node. Default: the machine's name.</summary>
    [RegularExpression("^[A-Za-z0-9._-]{1,64}$")]
    public string NodeName { get; set; } = Environment.MachineName;

    /// <summary>The node's roles, separated by commas: <c>origin</c> keeps rooms, <c>edge</c> holds viewers. Default: both.</summary>
    public string Roles { get; set; } = "origin,edge";

    /// <summary>
    /// The address at which viewers reach this edge and no other, such as <c>https://edge-2.example/</c>. Edges that drain send their viewers there. Default
    /// empty: unknown, as behind one load balancer for all edges.
    /// </summary>
    [StringLength(MaxUrlChars)]
    public string PublicUrl { get; set; } = "";

    /// <summary>The room behind <c>/</c> and <c>/websocket</c>. Default <c>lobby</c>.</summary>
    [RegularExpression("^[a-z0-9_-]{1,64}$")]
    public string DefaultRoom { get; set; } = "lobby";

    /// <summary>
    /// Values of <c>Origin</c> from which browsers may open WebSockets, separated by commas, such as <c>https://example.org</c>. <c>null</c> is a page opened
    /// from a file. Default empty: any.
    /// </summary>
    public string AllowedOrigins { get; set; } = "";

    /// <summary>Proxies whose <c>X-Forwarded-For</c> is believed: addresses or networks (CIDR), separated by commas. Default empty: none.</summary>
    public string TrustedProxies { get; set; } = "";

    /// <summary>The key that a server must show to post over HTTP. Default empty: anybody may post.</summary>
    public string ServerKey { get; set; } = "";

    /// <summary>
    /// The key that an operator must show at <see cref="OperatorOptions.Urls"/> to purge and to see the nodes' addresses. Default empty: nobody may.
    /// </summary>
    public string OperatorKey { get; set; } = "";

    /// <summary>Where the node keeps files. Default: <c>danmaku</c> in the user's local application data.</summary>
    [Required]
    public string DataDirectory { get; set; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "danmaku");

    /// <summary>
    /// The longest time, in seconds, over which a stopping edge spreads its viewers' leaving; few viewers leave sooner. The process ends at most 35 s later, so
    /// a supervisor should wait at least 50 s by default before it kills the process. 0 to 300, default 10.
    /// </summary>
    [Range(0, 300)]
    public int DrainSeconds { get; set; } = 10;

    /// <summary>
    /// The most bytes that all clients together may use for connections, requests, unfinished input and unread output, such as <c>256MiB</c>. Beyond that new
    /// clients are refused. At least 4 MiB. Default empty: a quarter of what the process may have (the machine's memory, the container's, or the heap limit).
    /// </summary>
    public string Memory { get; set; } = "";

    /// <summary>
    /// How the node handles connections. <c>epoll</c>, on Linux only, holds no buffer for a silent connection, and bounds connections by <see cref="Memory"/>
    /// and the process's file descriptors. <c>sockets</c> is the HTTP server's own transport. Default: <c>epoll</c> on Linux, else <c>sockets</c>.
    /// </summary>
    [RegularExpression($"^({EpollName}|{Sockets})$")]
    public string Transport { get; set; } = EpollTransport.IsSupported ? EpollName : Sockets;

    public bool UsesEpoll => Transport == EpollName;

    /// <summary><see cref="Memory"/> in bytes.</summary>
    public long MemoryBytes => Memory.Length == 0
        ? Math.Max(MinMemory, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / MemoryShare)
        : ByteSize.Read(Memory)!.Value;

    public IReadOnlyList<string> RoleList => Csv.Split(Roles);

    /// <summary><see cref="PublicUrl"/> with a slash at its end; null when it is not set.</summary>
    public Uri? PublicUri => PublicUrl.Length == 0 ? null : ReadPublicUrl();

    public bool IsEdge => RoleList.Contains("edge");

    public IReadOnlyList<string> AllowedOriginList => Csv.Split(AllowedOrigins);

    public IReadOnlyList<IPNetwork> TrustedProxyList => [.. Csv.Split(TrustedProxies).Select(text => Csv.Network(text)!.Value)];

    private Uri? ReadPublicUrl() =>
        Uri.TryCreate(PublicUrl.TrimEnd('/') + "/", UriKind.Absolute, out var url)
        && url is { Scheme: "http" or "https", Query: "", Fragment: "", UserInfo: "" }
            ? url
            : null;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PublicUrl.Length > 0 && PublicUri is null)
        {
            yield return new ValidationResult("must be an address such as https://edge-2.example/", [nameof(PublicUrl)]);
        }

        if (Memory.Length > 0 && !(ByteSize.Read(Memory) >= MinMemory))
        {
            yield return new ValidationResult("must be bytes, or a size such as 256MiB, and at least 4MiB", [nameof(Memory)]);
        }

        if (UsesEpoll && !EpollTransport.IsSupported)
        {
            yield return new ValidationResult("epoll exists only on Linux", [nameof(Transport)]);
        }

        if (RoleList.Count == 0 || RoleList.Except(KnownRoles).Any())
        {
            yield return new ValidationResult("must be origin, edge or both, separated by a comma", [nameof(Roles)]);
        }

        if (Csv.Split(TrustedProxies).Any(text => Csv.Network(text) is null))
        {
            yield return new ValidationResult(
                "must be addresses or networks such as 10.0.0.0/8, separated by commas", [nameof(TrustedProxies)]);
        }
    }
}
