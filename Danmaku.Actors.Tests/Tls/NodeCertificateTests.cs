using System.Security.Cryptography.X509Certificates;
using Danmaku.Actors.Tls;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Tls;

public sealed class NodeCertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly TestAuthority _authority = TestAuthority.Create();

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_certificate_of_the_authority_is_read_with_its_key()
    {
        using var issued = _authority.Issue("CN=edge-1", days: 100);

        var read = Read(Write(issued));

        Assert.Equal(issued.Thumbprint, read.Certificate.Thumbprint);
        Assert.True(read.Certificate.HasPrivateKey);
        Assert.Equal(issued.NotAfter.ToUniversalTime(), read.Expires.UtcDateTime);
    }

    [Fact]
    public void A_certificate_of_an_intermediate_authority_is_good_with_that_beside_it()
    {
        using var intermediate = _authority.Intermediate("CN=intermediate");
        using var issued = intermediate.Issue();

        Assert.NotNull(Read(TestAuthority.Write(_folder, issued, [_authority.Certificate], intermediate.Certificate)));
        Assert.NotNull(Read(TestAuthority.Write(_folder, issued, [_authority.Certificate, intermediate.Certificate])));
        Assert.StartsWith("Danmaku:Cluster:Tls:CertificateAuthority: ", Refuse(Write(issued)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_authority_may_be_one_of_several()
    {
        using var old = TestAuthority.Create("CN=old authority");
        using var issued = _authority.Issue();

        Assert.NotNull(Read(TestAuthority.Write(_folder, issued, [old.Certificate, _authority.Certificate])));
    }

    [Theory]
    [InlineData(-1, true, "expired at 2")]
    [InlineData(100, false, "is not for both server and client authentication")]
    public void A_certificate_that_other_nodes_would_refuse_is_named(int days, bool isForClients, string why)
    {
        using var issued = _authority.Issue(days: days, isForClients: isForClients);

        var error = Refuse(Write(issued));

        Assert.StartsWith($"Danmaku:Cluster:Tls:Certificate: {_folder}/node.pem ", error, StringComparison.Ordinal);
        Assert.Contains(why, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_is_not_valid_yet_is_named()
    {
        using var issued = _authority.Issue();
        var files = Write(issued);

        var error = Refuse(files, new Clock(issued.NotBefore.AddDays(-1)));

        Assert.Contains("is not valid before 2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expired_authority_is_named()
    {
        using var expired = TestAuthority.Create("CN=old authority", days: -10);
        using var issued = expired.Issue(days: -11);

        var error = Refuse(TestAuthority.Write(_folder, issued, [expired.Certificate]), new Clock(issued.NotAfter.AddDays(5)));

        Assert.StartsWith("Danmaku:Cluster:Tls:Certificate: ", error, StringComparison.Ordinal);
        Assert.Contains("expired at 2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_that_has_not_signed_the_certificate_is_named()
    {
        using var other = TestAuthority.Create("CN=other authority");
        using var issued = other.Issue("CN=edge-1");

        var error = Refuse(Write(issued));

        Assert.StartsWith($"Danmaku:Cluster:Tls:CertificateAuthority: {_folder}/authority.pem ", error, StringComparison.Ordinal);
        Assert.Contains("(CN=edge-1) comes from another authority (CN=other authority)", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Certificate", "node.pem")]
    [InlineData("Key", "node-key.pem")]
    [InlineData("CertificateAuthority", "authority.pem")]
    public void A_file_that_cannot_be_used_is_named(string option, string file)
    {
        using var issued = _authority.Issue();
        var files = Write(issued);
        var path = Path.Combine(_folder, file);
        string[] contents = ["", "no PEM at all", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"];

        foreach (var content in contents)
        {
            File.WriteAllText(path, content);
            Assert.StartsWith($"Danmaku:Cluster:Tls:{option}: {path} ", Refuse(files), StringComparison.Ordinal);
        }

        File.Delete(path);
        Assert.Equal($"Danmaku:Cluster:Tls:{option}: {path} cannot be read, it does not exist", Refuse(files));
        Directory.CreateDirectory(path);
        Assert.StartsWith($"Danmaku:Cluster:Tls:{option}: {path} cannot be read", Refuse(files), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_another_certificate_is_named()
    {
        using var issued = _authority.Issue();
        using var other = _authority.Issue();
        var files = Write(issued);
        File.WriteAllText(files.Key, other.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());

        Assert.StartsWith($"Danmaku:Cluster:Tls:Key: {files.Key} ", Refuse(files), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_may_be_one_of_RSA()
    {
        using var rsa = System.Security.Cryptography.RSA.Create(2048);
        var request = new CertificateRequest("CN=node", rsa, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
        using var issued = request.Create(
            _authority.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_authority.Certificate.GetECDsaPrivateKey()!),
            TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1), [1, 2, 3]);
        var files = TestAuthority.Write(_folder, _authority.Issue(), [_authority.Certificate]);
        File.WriteAllText(files.Certificate, issued.ExportCertificatePem());
        File.WriteAllText(files.Key, rsa.ExportRSAPrivateKeyPem());

        Assert.Equal(issued.Thumbprint, Read(files).Certificate.Thumbprint);
    }

    private TlsFiles Write(X509Certificate2 certificate) => TestAuthority.Write(_folder, certificate, [_authority.Certificate]);

    private static NodeCertificate Read(TlsFiles files, TimeProvider? time = null) =>
        NodeCertificate.Read(files.Certificate, files.Key, files.CertificateAuthority, time ?? TimeProvider.System);

    private static string Refuse(TlsFiles files, TimeProvider? time = null)
    {
        var error = Assert.Throws<InvalidOperationException>(() => Read(files, time)).Message;
        Assert.DoesNotContain('\n', error);
        return error;
    }

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
