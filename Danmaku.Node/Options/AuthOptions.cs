using System.ComponentModel.DataAnnotations;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Options;

/// <summary>
/// Whose tokens are believed, and what people without one may do; the same on every node. Bound from <c>Danmaku:Auth</c>; a bad value stops the node at
/// start. Without keys nobody's token counts.
/// </summary>
public sealed class AuthOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Auth";

    /// <summary>Fewest bytes of a secret: as many as HMAC-SHA-256 makes (RFC 7518 §3.2).</summary>
    public const int MinSecretBytes = 32;

    /// <summary>
    /// The secret with which tokens are signed (HS256, HS384, HS512): its bytes are those of this text in UTF-8, at least 32. <c>Danmaku.Node keygen</c> makes
    /// one.
    /// </summary>
    public string HmacSecret { get; set; } = "";

    /// <summary>A file with such secrets, one in a line: the first is for <c>Danmaku.Node token</c>, the others are honoured, too.</summary>
    public string HmacSecretFile { get; set; } = "";

    /// <summary>
    /// A PEM file with the public keys, or certificates, of whoever signs tokens: RSA (RS…, PS…) of 2048 bits and more, or EC (ES…). Read once.
    /// </summary>
    public string PublicKey { get; set; } = "";

    /// <summary>
    /// A JSON Web Key Set (RFC 7517 §5), as a file or an http or https URL. Needs <see cref="Audience"/>, since such keys often sign for others, too.
    /// </summary>
    public string Jwks { get; set; } = "";

    /// <summary>How often <see cref="Jwks"/> is read again; sooner when a token names a key that is not in it. 10 s to 1 day, default 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan RefreshEvery { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>What tokens must have as <c>iss</c>, one of several by commas. Default empty: anything, or nothing.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>What tokens must have in <c>aud</c>, one of several by commas. Default empty: anything, or nothing.</summary>
    public string Audience { get; set; } = "";

    /// <summary>How much the clock of whoever signs tokens may differ from this one. 0 to 5 min, default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long before its token ends a viewer is told so; of a token that is shorter, half of its time. 5 s to 1 h, default 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan ExpiryNotice { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>What people without a token may do: <c>post</c>, <c>watch</c> or <c>none</c>, which keeps them out. Default <c>post</c>.</summary>
    public AnonymousAccess Anonymous { get; set; } = AnonymousAccess.Post;

    /// <summary>Whether tokens are read.</summary>
    public bool HasKeys => HmacSecret.Length + HmacSecretFile.Length + PublicKey.Length + Jwks.Length > 0;

    /// <summary><see cref="Jwks"/> where it is a URL.</summary>
    public Uri? JwksUrl =>
        Uri.TryCreate(Jwks, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) ? url : null;

    public IReadOnlyList<string> IssuerList => Csv.Split(Issuer);

    public IReadOnlyList<string> AudienceList => Csv.Split(Audience);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (HmacSecret.Length > 0 && System.Text.Encoding.UTF8.GetByteCount(HmacSecret) < MinSecretBytes)
        {
            yield return new ValidationResult($"must have at least {MinSecretBytes} bytes; Danmaku.Node keygen makes one", [nameof(HmacSecret)]);
        }

        if (Jwks.Length > 0 && AudienceList.Count == 0)
        {
            yield return new ValidationResult($"is needed with {nameof(Jwks)}: its keys may sign tokens that are for others", [nameof(Audience)]);
        }

        if (JwksUrl is { UserInfo.Length: > 0 })
        {
            yield return new ValidationResult("must have no user and no password in it", [nameof(Jwks)]);
        }

        if (Anonymous == AnonymousAccess.None && !HasKeys)
        {
            yield return new ValidationResult("keeps everybody out where no tokens are believed: give keys, too", [nameof(Anonymous)]);
        }
    }
}
