namespace Danmaku.Core.Identities;

/// <summary>How it is known who somebody is. The numbers are part of <see cref="UserId"/>s and never change.</summary>
public enum IdentityKind : byte
{
    /// <summary>By a token that an identity server has signed.</summary>
    Token = 1,

    /// <summary>By an identity that this deployment has given to somebody without a token (<see cref="AnonymousIdentity"/>).</summary>
    Anonymous = 2,

    /// <summary>By nothing but the network that somebody comes from.</summary>
    Network = 3,

    /// <summary>By the server's key.</summary>
    Server = 4,
}

/// <summary>Who was let in: what a room and its moderators may know of a person.</summary>
/// <param name="Role">In the room that it is in.</param>
public sealed record Identity(UserId User, IdentityKind Kind, Role Role)
{
    /// <summary>Whether nobody vouches for this person.</summary>
    public bool IsAnonymous => Kind is IdentityKind.Anonymous or IdentityKind.Network;

    /// <summary>Whether it may post at all.</summary>
    public bool MayPost { get; init; } = true;

    /// <summary>The name that its token says, cleaned; null when it may choose one.</summary>
    public string? Name { get; init; }

    /// <summary>The <c>jti</c> of its token; null when it has none.</summary>
    public string? TokenId { get; init; }

    /// <summary>When its token, or its anonymous identity, was made; null when that is not known.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>When its token ends for this deployment, which includes what clocks may differ; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }
}
