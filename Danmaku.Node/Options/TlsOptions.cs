namespace Danmaku.Node.Options;

/// <summary>
/// Remoting with TLS, where both sides show a certificate. Bound from <c>Danmaku:Cluster:Tls</c>; all three are given or none, and the
/// same on all nodes. A file that cannot be used stops the node at start. They are read once. Default empty: without TLS.
/// </summary>
public sealed class TlsOptions
{
    /// <summary>A PEM file with this node's certificate, for servers and clients, followed by those of intermediate authorities, if any.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>A PEM file with the certificate's private key, not encrypted.</summary>
    public string Key { get; set; } = "";

    /// <summary>A PEM file with the authority of all nodes' certificates, or with several, such as the old one and the new.</summary>
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
