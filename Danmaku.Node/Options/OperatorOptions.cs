using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Danmaku.Node.Options;

/// <summary>Where operators reach this node. Bound from <c>Danmaku:Operator</c>; a bad value stops the node at start.</summary>
public sealed class OperatorOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Operator";

    /// <summary>The host that stands for this node's address in <see cref="ClusterOptions.Network"/>.</summary>
    public const string PrivateHost = "private";

    /// <summary>
    /// Where <c>/metrics</c>, <c>/api/purge</c> and the nodes' addresses in <c>/api/cluster</c> are served, separated by commas. A host is <c>localhost</c>, an
    /// address, <c>private</c> for this node's address in the cluster's network, or <c>+</c> for all addresses. Only operators should be able to reach it.
    /// Default <c>http://localhost:7080</c>: this machine alone. Empty: nowhere.
    /// </summary>
    public string Urls { get; set; } = "http://localhost:7080";

    public IReadOnlyList<string> UrlList => Csv.Split(Urls);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var url in UrlList)
        {
            if (!ListenUrls.IsValid(url) || !IsPlace(BindingAddress.Parse(url)))
            {
                yield return new ValidationResult(
                    $"'{url}' must be a URL such as http://localhost:7080, with a port from 0 to 65535 and "
                    + $"localhost, an address, {PrivateHost} or + as its host",
                    [nameof(Urls)]);
            }
        }
    }

    /// <summary>For any other name the server would listen on all addresses, which is more than the operator meant.</summary>
    private static bool IsPlace(BindingAddress url) =>
        url.IsUnixPipe || url.Host is "localhost" or PrivateHost or "+" or "*" || IPAddress.TryParse(url.Host, out _);
}
