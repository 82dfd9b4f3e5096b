using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Danmaku.Testing;

/// <summary>Makes JSON Web Tokens from RFC 7515 alone: also such as no library makes.</summary>
public abstract class TokenSigner
{
    /// <summary>The value of <c>alg</c>.</summary>
    public abstract string Algorithm { get; }

    /// <summary>The value of <c>kid</c>; null for none.</summary>
    public string? KeyId { get; init; }

    /// <summary>Claims that are good for an hour, for a person <c>alice</c>.</summary>
    public static Dictionary<string, object> Claims(DateTimeOffset? expires = null) => new()
    {
        ["sub"] = "alice",
        ["name"] = "Alice",
        ["exp"] = (expires ?? DateTimeOffset.UtcNow.AddHours(1)).ToUnixTimeSeconds(),
    };

    public string Sign(Dictionary<string, object>? claims = null, params (string Name, object Value)[] header)
    {
        var fields = new Dictionary<string, object> { ["alg"] = Algorithm, ["typ"] = "JWT" };
        if (KeyId is not null)
        {
            fields["kid"] = KeyId;
        }

        foreach (var (name, value) in header)
        {
            fields[name] = value;
        }

        var signed = $"{Encode(JsonSerializer.SerializeToUtf8Bytes(fields))}.{Encode(JsonSerializer.SerializeToUtf8Bytes(claims ?? Claims()))}";
        return $"{signed}.{Encode(Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    public static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    protected abstract byte[] Sign(byte[] bytes);

    /// <summary>HS256.</summary>
    public sealed class Hmac(byte[] secret) : TokenSigner
    {
        public Hmac(string secret)
            : this(Encoding.UTF8.GetBytes(secret))
        {
        }

        public override string Algorithm => "HS256";

        protected override byte[] Sign(byte[] bytes) => HMACSHA256.HashData(secret, bytes);
    }

    /// <summary>RS256.</summary>
    public sealed class Rsa(RSA key) : TokenSigner
    {
        public override string Algorithm => "RS256";

        /// <summary>As a JSON Web Key.</summary>
        public object Jwk => new
        {
            kty = "RSA",
            use = "sig",
            kid = KeyId,
            n = Encode(key.ExportParameters(false).Modulus!),
            e = Encode(key.ExportParameters(false).Exponent!),
        };

        public string PublicPem => key.ExportSubjectPublicKeyInfoPem();

        protected override byte[] Sign(byte[] bytes) => key.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    /// <summary>ES256.</summary>
    public sealed class Ec(ECDsa key) : TokenSigner
    {
        public override string Algorithm => "ES256";

        /// <summary>As a JSON Web Key.</summary>
        public object Jwk => new
        {
            kty = "EC",
            crv = "P-256",
            kid = KeyId,
            x = Encode(key.ExportParameters(false).Q.X!),
            y = Encode(key.ExportParameters(false).Q.Y!),
        };

        public string PublicPem => key.ExportSubjectPublicKeyInfoPem();

        protected override byte[] Sign(byte[] bytes) => key.SignData(bytes, HashAlgorithmName.SHA256);
    }

    /// <summary>No signature, and an algorithm that says so.</summary>
    public sealed class None : TokenSigner
    {
        public override string Algorithm => "none";

        protected override byte[] Sign(byte[] bytes) => [];
    }
}
