using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Danmaku.Node.Options;
using Microsoft.IdentityModel.Tokens;

namespace Danmaku.Node.Auth;

/// <summary>Reads the keys with which tokens are checked, and says which algorithms each of them is for.</summary>
internal static class SigningKeys
{
    /// <summary>Most keys of one kind; those after them are passed over, so that a token without <c>kid</c> is not tried with any number of keys.</summary>
    public const int MaxKeys = 32;

    /// <summary>Most bytes of a file or a response with keys.</summary>
    public const int MaxBytes = 256 * 1024;

    private const int MinRsaBits = 2048;

    private static readonly string[] Hmac = [SecurityAlgorithms.HmacSha256, SecurityAlgorithms.HmacSha384, SecurityAlgorithms.HmacSha512];

    private static readonly string[] Rsa =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
    ];

    /// <summary>The algorithms of a key. A token with another one is not checked with it: a public key is no secret that somebody could sign with.</summary>
    public static IReadOnlyList<string> AlgorithmsOf(SecurityKey key) => key switch
    {
        SymmetricSecurityKey => Hmac,
        RsaSecurityKey => Rsa,
        ECDsaSecurityKey { KeySize: 256 } => [SecurityAlgorithms.EcdsaSha256],
        ECDsaSecurityKey { KeySize: 384 } => [SecurityAlgorithms.EcdsaSha384],
        ECDsaSecurityKey { KeySize: 521 } => [SecurityAlgorithms.EcdsaSha512],
        _ => [],
    };

    /// <summary>The keys that are named in options and do not change.</summary>
    /// <exception cref="SettingsException">A file cannot be read, or has no usable key.</exception>
    public static IReadOnlyList<SecurityKey> Read(AuthOptions options) => [.. Secrets(options), .. PublicKeys(options)];

    /// <summary>The secrets of options, the first for signing.</summary>
    /// <exception cref="SettingsException">The file cannot be read, or holds what is none.</exception>
    public static IReadOnlyList<SymmetricSecurityKey> Secrets(AuthOptions options)
    {
        string[] texts = options.HmacSecret.Length > 0 ? [options.HmacSecret] : [];
        if (options.HmacSecretFile.Length > 0)
        {
            var lines = ReadFile(nameof(options.HmacSecretFile), options.HmacSecretFile)
                .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            texts = [.. texts, .. lines];
            if (lines.Length == 0 || lines.Any(line => Encoding.UTF8.GetByteCount(line) < AuthOptions.MinSecretBytes))
            {
                throw Bad(
                    nameof(options.HmacSecretFile),
                    $"{options.HmacSecretFile} must have secrets of at least {AuthOptions.MinSecretBytes} bytes, one in a line");
            }
        }

        return [.. texts.Take(MaxKeys).Select(text => new SymmetricSecurityKey(Encoding.UTF8.GetBytes(text)))];
    }

    /// <summary>The usable keys of a JSON Web Key Set: public ones for signatures. One that anybody may read must not have a secret in it.</summary>
    /// <exception cref="InvalidDataException">It is none, or has no such key.</exception>
    public static IReadOnlyList<SecurityKey> ReadJwks(string text)
    {
        IList<SecurityKey> all;
        try
        {
            all = new JsonWebKeySet(text).GetSigningKeys();
        }
        catch (ArgumentException)
        {
            throw new InvalidDataException("it is no JSON Web Key Set");
        }

        SecurityKey[] keys =
            [.. all.Where(key => key is RsaSecurityKey { KeySize: >= MinRsaBits } or ECDsaSecurityKey && AlgorithmsOf(key).Count > 0).Take(MaxKeys)];
        return keys.Length > 0 ? keys : throw new InvalidDataException("it has no RSA or EC key for signatures");
    }

    public static string ReadFile(string option, string path)
    {
        try
        {
            return new FileInfo(path).Length <= MaxBytes ? File.ReadAllText(path) : throw Bad(option, $"{path} is larger than {MaxBytes} bytes");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Bad(option, $"{path} cannot be read: {error.Message}", error);
        }
    }

    public static SettingsException Bad(string option, string why, Exception? inner = null) => new($"{AuthOptions.Section}:{option}: {why}", inner);

    private static List<SecurityKey> PublicKeys(AuthOptions options)
    {
        if (options.PublicKey.Length == 0)
        {
            return [];
        }

        var pem = ReadFile(nameof(options.PublicKey), options.PublicKey);
        try
        {
            var keys = new List<SecurityKey>();
            for (var rest = pem.AsSpan(); keys.Count < MaxKeys && PemEncoding.TryFind(rest, out var fields); rest = rest[fields.Location.End..])
            {
                keys.Add(ReadPem(rest[fields.Label], rest[fields.Location]));
            }

            return keys.Count > 0 ? keys : throw new InvalidDataException("it has no PEM in it");
        }
        catch (Exception error) when (error is InvalidDataException or CryptographicException or ArgumentException)
        {
            throw Bad(nameof(options.PublicKey), $"{options.PublicKey}: {error.Message.Split('\n')[0].Trim()}", error);
        }
    }

    private static SecurityKey ReadPem(ReadOnlySpan<char> label, ReadOnlySpan<char> pem)
    {
        if (label is "CERTIFICATE")
        {
            using var certificate = X509Certificate2.CreateFromPem(pem);
            return Key(certificate.GetRSAPublicKey(), certificate.GetECDsaPublicKey());
        }

        if (label is not ("PUBLIC KEY" or "RSA PUBLIC KEY"))
        {
            throw new InvalidDataException($"a public key was expected and not '{label}'; a private key stays with whoever signs");
        }

        var (rsa, ec) = (RSA.Create(), ECDsa.Create());
        return TryImport(rsa, pem) ? Key(rsa, null) : TryImport(ec, pem) ? Key(null, ec) : throw new InvalidDataException("it is neither an RSA nor an EC key");
    }

    /// <summary>Reads a key; one that is of another kind ends the algorithm.</summary>
    public static bool TryImport(AsymmetricAlgorithm algorithm, ReadOnlySpan<char> pem)
    {
        try
        {
            algorithm.ImportFromPem(pem);
            return true;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            algorithm.Dispose();
            return false;
        }
    }

    private static SecurityKey Key(RSA? rsa, ECDsa? ec)
    {
        SecurityKey? key = rsa is not null ? new RsaSecurityKey(rsa.ExportParameters(false)) : ec is not null ? new ECDsaSecurityKey(ec) : null;
        return key switch
        {
            RsaSecurityKey { KeySize: < MinRsaBits } => throw new InvalidDataException($"an RSA key has at least {MinRsaBits} bits"),
            { } known when AlgorithmsOf(known).Count > 0 => known,
            _ => throw new InvalidDataException("it is neither an RSA key nor an EC key on P-256, P-384 or P-521"),
        };
    }
}
