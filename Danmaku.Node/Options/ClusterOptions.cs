using System.ComponentModel.DataAnnotations;
using System.Net;
using Danmaku.Core.Cluster;

namespace Danmaku.Node.Options;

/// <summary>How nodes find each other. Bound from <c>Danmaku:Cluster</c>; a bad value stops the node at start.</summary>
public sealed class ClusterOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Cluster";

    /// <summary>The port of remoting when seeds are set and no port is.</summary>
    public const int DefaultPort = 4053;

    /// <summary>
    /// The private network (CIDR) in which nodes talk. This node binds and advertises its own address in it. Without <see cref="Tls"/> only nodes may be able
    /// to reach it. Of several, separated by commas, the first in which the machine has an address counts. Default empty: this machine alone (127.0.0.1).
    /// </summary>
    public string Network { get; set; } = "";

    /// <summary>The port of remoting. 0 = any free one. Default: 4053 with seeds, else 0.</summary>
    [Range(0, 65_535)]
    public int? Port { get; set; }

    /// <summary>
    /// The nodes that other nodes join first, as <c>host:port</c> or <c>[IPv6]:port</c>, separated by commas; the same list in the same order on every node.
    /// Default empty: this node is its own cluster.
    /// </summary>
    public string Seeds { get; set; } = "";

    /// <summary>
    /// How long an edge goes on without hearing any origin before it ends, to be started again and to join anew; its viewers resume elsewhere. Set it longer
    /// than an origin takes to restart. 5 s to 1 h, default 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan OrphanAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a node looks for a cluster to join before it ends, to be started again. The first seed waits 15 s and then starts a cluster. 20 s to 1 h,
    /// default 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:20", "01:00:00")]
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromMinutes(1);

    public IReadOnlyList<IPNetwork> NetworkList => [.. Csv.Split(Network).Select(IPNetwork.Parse)];

    public IReadOnlyList<Seed> SeedList => [.. Csv.Split(Seeds).Select(text => Seed.Parse(text, DefaultPort, out _)!.Value)];

    /// <summary>Certificates for remoting.</summary>
    public TlsOptions Tls { get; set; } = new();

    public int PortOrDefault => Port ?? (Csv.Split(Seeds).Length > 0 ? DefaultPort : 0);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var text in Csv.Split(Network))
        {
            if (!IPNetwork.TryParse(text, out var network))
            {
                yield return new ValidationResult("must be a network such as 10.77.0.0/24 or fd00:1::/64, separated by commas", [nameof(Network)]);
            }
            else if (network.BaseAddress.IsIPv6LinkLocal || text.Contains('%', StringComparison.Ordinal))
            {
                yield return new ValidationResult($"'{text}' is link-local; nodes need addresses that are the same on all machines", [nameof(Network)]);
            }
        }

        foreach (var text in Csv.Split(Seeds))
        {
            if (Seed.Parse(text, DefaultPort, out var problem) is null)
            {
                yield return new ValidationResult(problem, [nameof(Seeds)]);
            }
        }

        if (Tls.Missing is { } missing)
        {
            yield return new ValidationResult(
                $"is needed when one of {nameof(Tls.Certificate)}, {nameof(Tls.Key)} and {nameof(Tls.CertificateAuthority)} is set",
                [$"{nameof(Tls)}:{missing}"]);
        }
    }
}
