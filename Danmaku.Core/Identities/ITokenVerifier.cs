using Danmaku.Core.Wire;

namespace Danmaku.Core.Identities;

/// <summary>Says whether a token was signed by whom this deployment believes, and for it. Thread-safe.</summary>
public interface ITokenVerifier
{
    /// <param name="token">As it came from a client: of any length and content.</param>
    ValueTask<TokenResult> VerifyAsync(string token, CancellationToken cancellation);
}

/// <summary>What a token says, or why it is not believed.</summary>
public abstract record TokenResult
{
    private TokenResult()
    {
    }

    /// <param name="Issuer">Empty where it names none.</param>
    /// <param name="Name">As <see cref="Identity.Name"/>.</param>
    /// <param name="Expires">As <see cref="Identity.Expires"/>.</param>
    public sealed record Valid(
        string Issuer, string Subject, string? Name, RoomRoles Roles, string? TokenId, DateTimeOffset? IssuedAt, DateTimeOffset Expires) : TokenResult;

    public sealed record Refused(CloseReason Reason) : TokenResult;
}
