using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Wire;

namespace Danmaku.Core.Rooms;

/// <summary>Decides who may join a room, as whom, and under which name. Nothing else decides that. Thread-safe.</summary>
public interface IAdmission
{
    /// <summary>Says who somebody is, and whether that person may come in.</summary>
    ValueTask<AdmissionResult> AdmitAsync(AdmissionRequest request, CancellationToken cancellation);

    /// <summary>Who posts with the server's key.</summary>
    Identity Server { get; }

    /// <summary>Whether tokens are read; else they count for nothing.</summary>
    bool ReadsTokens { get; }

    /// <summary>The name under which somebody posts: that of the token, else the one it asks for, else one that is made up.</summary>
    /// <param name="asked">Unchecked; null when it does not care.</param>
    /// <returns>Null, or why the name that it asks for may not be shown.</returns>
    RejectReason? Name(Identity identity, string? asked, out string name);
}

/// <param name="Network">Where it comes from.</param>
public sealed record AdmissionRequest(RoomId Room, ClientNetwork Network)
{
    /// <summary>A token, or what counts as <see cref="Kept"/>; unchecked.</summary>
    public string? Token { get; init; }

    /// <summary>What its client has kept of an <see cref="AnonymousIdentity"/>, unchecked. A token wins over it.</summary>
    public string? Kept { get; init; }

    /// <summary>Whether its client can be given an identity to keep.</summary>
    public bool Keeps { get; init; }
}

/// <summary>An identity or a refusal.</summary>
public abstract record AdmissionResult
{
    private AdmissionResult()
    {
    }

    public sealed record Admitted(Identity Identity) : AdmissionResult
    {
        /// <summary>What its client is to keep from now on; null when it has something valid, or has nothing to do with it.</summary>
        public string? ToKeep { get; init; }
    }

    /// <param name="Reason">One of 4003, of 4004 for a token that has expired, and of 1013 where tokens cannot be checked at the moment.</param>
    public sealed record Refused(CloseReason Reason) : AdmissionResult;
}

/// <summary>What people without a token may do.</summary>
public enum AnonymousAccess
{
    Post,
    Watch,
    None,
}

/// <summary>Goes by tokens where there is somebody to verify them, else by what the client has kept, else by where it comes from.</summary>
/// <param name="tokens">Null where nobody's tokens are believed; then they count for nothing.</param>
/// <param name="key">While it has none everybody's <see cref="Identity.User"/> is <see cref="UserId.None"/>.</param>
/// <param name="random">Gives so many random bytes, fit for secrets.</param>
public sealed class Admission(
    AnonymousAccess anonymous, ITokenVerifier? tokens, DeploymentKeyHandle key, Func<int, byte[]> random, TimeProvider time) : IAdmission
{
    public bool ReadsTokens => tokens is not null;

    public Identity Server => new(key.Key?.Server ?? UserId.None, IdentityKind.Server, Role.Host);

    public async ValueTask<AdmissionResult> AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        if (request.Token is { } shown && AnonymousIdentity.IsOfThisForm(shown))
        {
            return Anonymous(request with { Kept = shown });
        }

        if (tokens is null || string.IsNullOrEmpty(request.Token))
        {
            return Anonymous(request);
        }

        return await tokens.VerifyAsync(request.Token, cancellation).ConfigureAwait(false) switch
        {
            TokenResult.Valid token => new AdmissionResult.Admitted(
                new Identity(key.Key?.UserOf(token.Issuer, token.Subject) ?? UserId.None, IdentityKind.Token, token.Roles.In(request.Room))
                {
                    Name = token.Name,
                    TokenId = token.TokenId,
                    IssuedAt = token.IssuedAt,
                    Expires = token.Expires,
                }),
            TokenResult.Refused refused => new AdmissionResult.Refused(refused.Reason),
            var other => throw new InvalidOperationException($"No such result: {other}"),
        };
    }

    public RejectReason? Name(Identity identity, string? asked, out string name)
    {
        if (identity.Name is { } fixedName)
        {
            name = fixedName;
            return null;
        }

        if (string.IsNullOrWhiteSpace(asked))
        {
            name = "guest-" + Convert.ToHexStringLower(random(2));
            return null;
        }

        return TextRules.Check(asked, TextRules.MaxNameChars, out name);
    }

    private AdmissionResult Anonymous(AdmissionRequest request)
    {
        if (anonymous == AnonymousAccess.None)
        {
            return new AdmissionResult.Refused(CloseReason.NotAdmitted("sign in"));
        }

        if (key.Key is not { } known)
        {
            return new AdmissionResult.Admitted(Nobody(UserId.None, IdentityKind.Anonymous));
        }

        if (request.Kept is { } kept && known.TryRead(kept, out var identity))
        {
            return new AdmissionResult.Admitted(Nobody(identity.User, IdentityKind.Anonymous) with { IssuedAt = identity.IssuedAt });
        }

        if (!request.Keeps)
        {
            return new AdmissionResult.Admitted(Nobody(known.UserOf(request.Network), IdentityKind.Network));
        }

        var made = known.Issue(random(AnonymousIdentity.IdBytes), time.GetUtcNow(), out var text);
        return new AdmissionResult.Admitted(Nobody(made.User, IdentityKind.Anonymous) with { IssuedAt = made.IssuedAt }) { ToKeep = text };
    }

    private Identity Nobody(UserId user, IdentityKind kind) => new(user, kind, Role.Viewer) { MayPost = anonymous == AnonymousAccess.Post };
}
