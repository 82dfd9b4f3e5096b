using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Event;

namespace Danmaku.Actors.Tls;

/// <summary>The certificate that this node shows to other nodes, and the authorities that must have signed theirs.</summary>
/// <remarks>
/// A certificate is good when it leads to one of the authorities, is valid now and may be used for both ends of a connection, because every node is client and
/// server. The names in it do not matter: nodes' addresses change, so the authority alone decides (docs/decisions/0018). The check downloads nothing and uses
/// no revocation lists.
/// </remarks>
public sealed class NodeCertificate
{
    private const string Options = "Danmaku:Cluster:Tls:";

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2Collection _authorities;
    private readonly X509Certificate2Collection _chain;
    private readonly TimeProvider _time;

    private NodeCertificate(X509Certificate2 certificate, X509Certificate2Collection chain, X509Certificate2Collection authorities, TimeProvider time) =>
        (Certificate, _chain, _authorities, _time) = (certificate, chain, authorities, time);

    /// <summary>With its key.</summary>
    public X509Certificate2 Certificate { get; }

    public DateTimeOffset Expires => Certificate.NotAfter;

    /// <summary>Reads PEM files and checks that this node's certificate is good.</summary>
    /// <param name="certificate">The node's certificate, followed by those of intermediate authorities, if any.</param>
    /// <param name="key">Its private key, not encrypted.</param>
    /// <param name="authority">One authority or several; certificates of intermediate authorities complete the chain.</param>
    /// <exception cref="InvalidOperationException">A file cannot be used. The message is one line that begins with its option.</exception>
    public static NodeCertificate Read(string certificate, string key, string authority, TimeProvider time)
    {
        var (chain, authorities) = (ReadCertificates("Certificate", certificate), ReadCertificates("CertificateAuthority", authority));
        var read = new NodeCertificate(WithKey(certificate, key), chain, authorities, time);
        return read.WhyBad(read.Certificate, []) is not { } why ? read
            : why.IsOfOther ? throw Wrong("CertificateAuthority", authority, $"is not the authority of {certificate}, which {why.Text}")
            : throw Wrong("Certificate", certificate, why.Text);
    }

    /// <summary>Whether a peer's certificate is good; if not, logs why. Called for every connection, at both its ends.</summary>
    internal bool Accepts(X509Certificate2? certificate, X509Chain? chain, string peer, SslPolicyErrors errors, ILoggingAdapter log)
    {
        // A client without a certificate never gets here: the transport refuses it.
        var why = certificate is null ? new Flaw("is missing") : WhyBad(certificate, chain?.ChainPolicy.ExtraStore ?? []);
        if (why is not null)
        {
            log.Warning("{0}", new TlsTrouble(peer, $"was refused: its certificate {why.Text}"));
        }

        return why is null;
    }

    private Flaw? WhyBad(X509Certificate2 certificate, X509Certificate2Collection sent)
    {
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
                VerificationTime = _time.GetUtcNow().UtcDateTime,
            },
        };
        var policy = chain.ChainPolicy;
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        policy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        policy.CustomTrustStore.AddRange(_authorities);
        policy.ExtraStore.AddRange(_chain);
        policy.ExtraStore.AddRange(sent);
        return chain.Build(certificate) ? null : Explain(certificate, chain, policy.VerificationTime);
    }

    private static Flaw Explain(X509Certificate2 certificate, X509Chain chain, DateTime now)
    {
        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, each) => all | each.Status);
        if ((status & (X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot)) != 0)
        {
            return new Flaw($"({NameOf(certificate.Subject)}) comes from another authority ({NameOf(certificate.Issuer)})") { IsOfOther = true };
        }

        if ((status & X509ChainStatusFlags.NotTimeValid) != 0)
        {
            var stale = chain.ChainElements.Select(element => element.Certificate)
                .First(each => now < each.NotBefore.ToUniversalTime() || now > each.NotAfter.ToUniversalTime());
            var whose = stale.Equals(certificate) ? $"({NameOf(certificate.Subject)})" : $"comes from an authority ({NameOf(stale.Subject)}) whose own";
            return new Flaw(now < stale.NotBefore.ToUniversalTime()
                ? $"{whose} is not valid before {stale.NotBefore.ToUniversalTime():u}"
                : $"{whose} expired at {stale.NotAfter.ToUniversalTime():u}");
        }

        return new Flaw($"({NameOf(certificate.Subject)}) " + ((status & X509ChainStatusFlags.NotValidForUsage) != 0
            ? "is not for both server and client authentication"
            : $"is not valid: {status}"));
    }

    /// <summary>A certificate may contain any text, and this text is logged.</summary>
    private static string NameOf(string subject) => string.Concat(subject.Take(100).Select(c => c is >= ' ' and <= '~' ? c : '?'));

    private static X509Certificate2Collection ReadCertificates(string option, string path)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(ReadText(option, path));
            return certificates.Count > 0 ? certificates : throw Wrong(option, path, "holds no certificate in PEM");
        }
        catch (CryptographicException)
        {
            throw Wrong(option, path, "holds a damaged certificate");
        }
    }

    private static X509Certificate2 WithKey(string certificate, string key)
    {
        try
        {
            using var read = X509Certificate2.CreateFromPem(ReadText("Certificate", certificate), ReadText("Key", key));

            // Windows does not accept a key that is only in memory.
            return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pfx), null);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw Wrong("Key", key, $"is not the private key of {certificate} in PEM without a password");
        }
    }

    private static string ReadText(string option, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Wrong(option, path, "cannot be read" + (File.Exists(path) ? "" : ", it does not exist"));
        }
    }

    private static InvalidOperationException Wrong(string option, string path, string what) => new($"{Options}{option}: {path} {what}");

    private sealed record Flaw(string Text)
    {
        public bool IsOfOther { get; init; }
    }
}
