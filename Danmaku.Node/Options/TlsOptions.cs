namespace Danmaku.Node.Options;

/// <summary>
/// TLS between nodes; both sides show a certificate. Bound from <c>Danmaku:Cluster:Tls</c>. Set all three or none, and the same on all nodes. The node reads
/// the files once, at start; a file that it cannot use stops it. Default empty: without TLS.
/// </summary>
public sealed class TlsOptions
{
    /// <summary>
    /// A PEM file with this node's certificate, valid for servers and clients, followed by the certificates of intermediate authorities, if any.
    /// </summary>
    public string Certificate { get; set; } = "";

    /// <summary>A PEM file with the certificate's private key, not encrypted.</summary>
    public string Key { get; set; } = "";

    /// <summary>A PEM file with the authority of all nodes' certificates, or with several authorities, such as the old and the new one.</summary>
    public string CertificateAuthority { get; set; } = "";

    public bool IsEnabled => Certificate.Length > 0;

    internal string? Missing =>
        (Certificate.Length, Key.Length, CertificateAuthority.Length) switch
        {
            (0, 0, 0) => null,
            (0, _, _) => nameof(Certificate),
            (_, 0, _) => nameof(Key),
            (_, _, 0) => nameof(CertificateAuthority),
            _ => null,
        };
}
