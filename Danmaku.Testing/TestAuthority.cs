using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Danmaku.Testing;

/// <summary>An authority that makes nodes' certificates.</summary>
public sealed class TestAuthority : IDisposable
{
    private const string Server = "1.3.6.1.5.5.7.3.1";

    private const string Client = "1.3.6.1.5.5.7.3.2";

    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private TestAuthority(X509Certificate2 certificate) => Certificate = certificate;

    /// <summary>With its key.</summary>
    public X509Certificate2 Certificate { get; }

    public static TestAuthority Create(string name = "CN=test authority", int days = 1000)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new TestAuthority(ForAuthority(name, key).CreateSelfSigned(Now.AddDays(-100), Now.AddDays(days)));
    }

    /// <summary>An authority of this one's.</summary>
    public TestAuthority Intermediate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new TestAuthority(Sign(ForAuthority(name, key), key, Now.AddDays(-50), Now.AddDays(500)));
    }

    /// <summary>A certificate with its key.</summary>
    /// <param name="days">How long it is valid from now on; less than 0: it has expired.</param>
    /// <param name="isForClients">Whether it may be used by who opens a connection, and not only by who is connected to.</param>
    public X509Certificate2 Issue(string name = "CN=node", int days = 100, bool isForClients = true)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        var usages = new OidCollection { new Oid(Server) };
        if (isForClients)
        {
            usages.Add(new Oid(Client));
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, critical: false));
        return Sign(request, key, Now.AddDays(-40), Now.AddDays(days));
    }

    /// <summary>Writes a certificate, its key and what is needed beside it as a node reads them.</summary>
    public static TlsFiles Write(string directory, X509Certificate2 certificate, X509Certificate2[] authorities, params X509Certificate2[] intermediates)
    {
        Directory.CreateDirectory(directory);
        var files = new TlsFiles(Path.Combine(directory, "node.pem"), Path.Combine(directory, "node-key.pem"), Path.Combine(directory, "authority.pem"));
        File.WriteAllText(files.Certificate, ToPem([certificate, .. intermediates]));
        File.WriteAllText(files.Key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(files.CertificateAuthority, ToPem(authorities));
        return files;
    }

    public void Dispose() => Certificate.Dispose();

    private static string ToPem(X509Certificate2[] certificates) =>
        string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"));

    private static CertificateRequest ForAuthority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request;
    }

    private X509Certificate2 Sign(CertificateRequest request, ECDsa key, DateTimeOffset from, DateTimeOffset to)
    {
        using var signed = request.Create(Certificate, from, to, RandomNumberGenerator.GetBytes(16));
        using var withKey = signed.CopyWithPrivateKey(key);

        // Windows takes no key for a connection that is in memory alone.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
    }
}

/// <summary>Paths, for <c>Danmaku:Cluster:Tls</c>.</summary>
public sealed record TlsFiles(string Certificate, string Key, string CertificateAuthority);
