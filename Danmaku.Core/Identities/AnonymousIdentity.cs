namespace Danmaku.Core.Identities;

/// <summary>Somebody without a token, known again by what its client keeps: a random number and a time, signed by the deployment.</summary>
/// <param name="IssuedAt">When it was made, to the second.</param>
public readonly record struct AnonymousIdentity(UserId User, DateTimeOffset IssuedAt)
{
    /// <summary>How the written form begins; no token does, and another form will have another number.</summary>
    public const string Prefix = "a1.";

    /// <summary>Length of the written form: behind the prefix base64url of time, random bytes and the first half of an HMAC-SHA-256 over both.</summary>
    public const int TextLength = 46;

    /// <summary>Of them each is another person.</summary>
    public const int IdBytes = 12;

    internal const int TimeBytes = sizeof(uint);
    internal const int SignedBytes = TimeBytes + IdBytes;
    internal const int Bytes = SignedBytes + 16;

    /// <summary>Whether it is one at first sight, and no token.</summary>
    public static bool IsOfThisForm(string text) => text.Length == TextLength && text.StartsWith(Prefix, StringComparison.Ordinal);
}
