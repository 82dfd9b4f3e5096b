using System.Text.Json;
using Danmaku.Core.Identities;
using Danmaku.Core.Wire;
using Danmaku.Node.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Danmaku.Node.Auth;

/// <summary>Checks JSON Web Tokens (RFC 7519) by the keys of the options (docs/protocol.md §11).</summary>
/// <param name="keys">Those that do not change.</param>
/// <param name="jwks">Those that do; null where there are none.</param>
internal sealed class TokenVerifier(AuthOptions options, IReadOnlyList<SecurityKey> keys, JwksSource? jwks, TimeProvider time) : ITokenVerifier
{
    /// <summary>A longer token is refused unread. Less than a message may have, so that a join has room for the rest.</summary>
    public const int MaxTokenChars = 6 * 1024;

    /// <summary>Longest <c>sub</c> and <c>jti</c>.</summary>
    public const int MaxIdChars = 255;

    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = MaxTokenChars, MapInboundClaims = false };

    public async ValueTask<TokenResult> VerifyAsync(string token, CancellationToken cancellation)
    {
        if (token.Length > MaxTokenChars)
        {
            return Refused("the token is too long");
        }

        if (TryRead(token) is not var (read, algorithm, id))
        {
            return Refused("the token is malformed");
        }

        var candidates = await KeysForAsync(algorithm, id, cancellation).ConfigureAwait(false);
        if (candidates.Count == 0)
        {
            return keys.Count == 0 && jwks?.Keys is null ? new TokenResult.Refused(CloseReason.TokensUnchecked) : Refused("no key is known for the token");
        }

        var result = await _handler.ValidateTokenAsync(read, Parameters(candidates)).ConfigureAwait(false);
        return result.IsValid ? Read(read) : Refuse(result.Exception);
    }

    private static TokenResult.Refused Refused(string why) => new(CloseReason.NotAdmitted(why));

    /// <summary>What the library makes of something that is no token is an exception of one kind or another.</summary>
    private static (JsonWebToken Token, string Algorithm, string KeyId)? TryRead(string token)
    {
        try
        {
            var read = new JsonWebToken(token);

            // Whoever has written "crit" wants it refused by those who do not know what it names (RFC 7515 §4.1.11); we know nothing of the kind.
            return read.IsEncrypted || Json(read.EncodedHeader).TryGetProperty("crit", out _) ? null : (read, read.Alg ?? "", read.Kid ?? "");
        }
        catch (Exception error) when (error is ArgumentException or SecurityTokenException or FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private async ValueTask<IReadOnlyList<SecurityKey>> KeysForAsync(string algorithm, string id, CancellationToken cancellation)
    {
        var found = Find(algorithm, id);
        if (jwks is not null && IsNews(found, id))
        {
            await jwks.RefreshAsync().WaitAsync(cancellation).ConfigureAwait(false);
            found = Find(algorithm, id);
        }

        return found;
    }

    /// <summary>Whether a token may be signed with a key that the set did not have when it was read.</summary>
    private static bool IsNews(IReadOnlyList<SecurityKey> found, string id) =>
        id.Length == 0 ? found.Count == 0 : !found.Any(key => key is SymmetricSecurityKey || key.KeyId == id);

    /// <summary>Keys for an algorithm, and with an id where both have one.</summary>
    private IReadOnlyList<SecurityKey> Find(string algorithm, string id) =>
    [
        .. keys.Concat(jwks?.Keys ?? []).Where(key =>
            SigningKeys.AlgorithmsOf(key).Contains(algorithm) && (id.Length == 0 || string.IsNullOrEmpty(key.KeyId) || key.KeyId == id)),
    ];

    private TokenValidationParameters Parameters(IReadOnlyList<SecurityKey> candidates) => new()
    {
        IssuerSigningKeyResolver = (_, _, _, _) => candidates,
        ValidAlgorithms = [.. candidates.SelectMany(SigningKeys.AlgorithmsOf).Distinct()],
        ValidateIssuer = options.IssuerList.Count > 0,
        ValidIssuers = options.IssuerList,
        ValidateAudience = options.AudienceList.Count > 0,
        ValidAudiences = options.AudienceList,
        LifetimeValidator = (from, to, _, _) => IsOfNow(from, to),
        LogValidationExceptions = false,
    };

    /// <summary>As the library does, by the time that the nodes agree on.</summary>
    private bool IsOfNow(DateTime? from, DateTime? to)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return to is not { } end ? throw new SecurityTokenNoExpirationException()
            : now >= Later(end, options.ClockSkew) ? throw new SecurityTokenExpiredException()
            : from is { } start && Later(now, options.ClockSkew) < start ? throw new SecurityTokenNotYetValidException()
            : true;
    }

    private static DateTime Later(DateTime moment, TimeSpan by) => moment > DateTime.MaxValue - by ? DateTime.MaxValue : moment + by;

    private TokenResult Read(JsonWebToken token)
    {
        try
        {
            return Claims(token);
        }
        catch (Exception error) when (error is ArgumentException or SecurityTokenException or FormatException or JsonException or InvalidOperationException)
        {
            return Refused("the token is malformed");
        }
    }

    private static JsonElement Json(string encoded) => JsonElement.Parse(Base64UrlEncoder.DecodeBytes(encoded));

    private TokenResult Claims(JsonWebToken token)
    {
        if (token.Subject is not { Length: > 0 and <= MaxIdChars } subject || token.Id is { Length: > MaxIdChars })
        {
            return Refused("the token has no sub, or a sub or jti that is too long");
        }

        var claims = Json(token.EncodedPayload);
        var roles = claims.TryGetProperty(RoomRoles.Claim, out var claim) ? RoomRoles.Read(claim) : RoomRoles.None;
        if (roles is null)
        {
            return Refused("the token's claim danmaku is invalid");
        }

        var said = claims.TryGetProperty("name", out var text) ? text.GetString() : null;
        var name = said is null ? null : TokenName.Fit(said);
        return said is not null && name is null
            ? Refused("the token's name cannot be shown")
            : new TokenResult.Valid(
                token.Issuer ?? "",
                subject,
                name,
                roles,
                string.IsNullOrEmpty(token.Id) ? null : token.Id,
                token.IssuedAt > DateTime.MinValue ? new DateTimeOffset(token.IssuedAt, TimeSpan.Zero) : null,
                new DateTimeOffset(Later(token.ValidTo, options.ClockSkew), TimeSpan.Zero));
    }

    private static TokenResult.Refused Refuse(Exception? error) => error switch
    {
        SecurityTokenExpiredException => new TokenResult.Refused(CloseReason.TokenExpired),
        SecurityTokenNotYetValidException => Refused("the token is not valid yet"),
        SecurityTokenNoExpirationException => Refused("the token has no exp"),
        SecurityTokenInvalidIssuerException => Refused("the token has another issuer"),
        SecurityTokenInvalidAudienceException => Refused("the token is for another audience"),
        SecurityTokenInvalidSignatureException or SecurityTokenInvalidSigningKeyException => Refused("the token's signature is wrong"),
        _ => Refused("the token cannot be used"),
    };
}
