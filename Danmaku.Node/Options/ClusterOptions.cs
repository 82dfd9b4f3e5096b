using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Danmaku.Node.Options;

/// <summary>How nodes find each other. Bound from <c>Danmaku:Cluster</c>; a bad value stops the node at start.</summary>
public sealed class ClusterOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Cluster";

    /// <summary>The port of remoting where seeds are given and nothing else is said.</summary>
    public const int DefaultPort = 4053;

    /// <summary>
    /// The private network (CIDR) in which nodes talk; this node binds and advertises its own address in it. Without <see cref="Tls"/>
    /// it must be one that only nodes can reach. Default empty: this machine alone (127.0.0.1).
    /// </summary>
    public string Network { get; set; } = "";

    /// <summary>The port of remoting. 0 = any free one. Default: 4053 where there are seeds, else 0.</summary>
    [Range(0, 65_535)]
    public int? Port { get; set; }

    /// <summary>
    /// The nodes through which others join, as <c>host:port</c> separated by commas; the same list in the same order on every node.
    /// Default empty: this node is a cluster of its own.
    /// </summary>
    public string Seeds { get; set; } = "";

    /// <summary>
    /// How long an edge goes on without hearing any origin before it ends, to be started again and to join anew; its viewers resume
    /// elsewhere. Longer than an origin takes to restart. 5 s to 1 h, default 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan OrphanAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Certificates for remoting.</summary>
    public TlsOptions Tls { get; set; } = new();

    public IPNetwork? NetworkOrNull => Network.Length == 0 ? null : IPNetwork.Parse(Network);

    public int PortOrDefault => Port ?? (Csv.Split(Seeds).Length > 0 ? DefaultPort : 0);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Network.Length > 0 && !IPNetwork.TryParse(Network, out _))
        {
            yield return new ValidationResult("must be a network such as 10.77.0.0/24", [nameof(Network)]);
        }

        if (!Csv.Split(Seeds).All(IsHostAndPort))
        {
            yield return new ValidationResult("must be host:port, separated by commas", [nameof(Seeds)]);
        }

        if (Tls.Missing is { } missing)
        {
            yield return new ValidationResult(
                $"is needed where one of {nameof(Tls.Certificate)}, {nameof(Tls.Key)} and {nameof(Tls.CertificateAuthority)} is given", [$"{nameof(Tls)}:{missing}"]);
        }
    }

    private static bool IsHostAndPort(string text) =>
        text.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(text.AsSpan(colon + 1), out var port) && port > 0;
}
