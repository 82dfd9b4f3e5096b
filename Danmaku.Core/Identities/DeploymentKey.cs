using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Danmaku.Core.Limits;

namespace Danmaku.Core.Identities;

/// <summary>
/// The secret of a deployment, made once in its store. It makes <see cref="UserId"/>s, and signs the identities of people without a token. Thread-safe.
/// </summary>
public sealed class DeploymentKey
{
    /// <summary>Length of the secret.</summary>
    public const int Bytes = 32;

    /// <summary>Under which name the store keeps it.</summary>
    public const string Name = "identity";

    // One key for each purpose: what is known of one says nothing about the other.
    private readonly byte[] _users;
    private readonly byte[] _identities;

    /// <exception cref="ArgumentException">It has not <see cref="Bytes"/> bytes.</exception>
    public DeploymentKey(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Bytes)
        {
            throw new ArgumentException($"A deployment's secret has {Bytes} bytes", nameof(secret));
        }

        (_users, _identities) = (Derive(secret, "danmaku users"), Derive(secret, "danmaku identities"));
    }

    /// <summary>Somebody with a token: the same for each token of one issuer and subject.</summary>
    public UserId UserOf(string issuer, string subject) => Hash(IdentityKind.Token, issuer, Encoding.UTF8.GetBytes(subject));

    /// <summary>Whoever comes from a network: who has neither a token nor an identity of its own.</summary>
    public UserId UserOf(ClientNetwork network) => Hash(IdentityKind.Network, "", network.ToBytes());

    /// <summary>All servers that post with the server's key.</summary>
    public UserId Server => Hash(IdentityKind.Server, "", []);

    /// <summary>Makes an identity for somebody without a token.</summary>
    /// <param name="id"><see cref="AnonymousIdentity.IdBytes"/> random bytes.</param>
    /// <param name="text">What its client keeps, for <see cref="TryRead"/>.</param>
    public AnonymousIdentity Issue(ReadOnlySpan<byte> id, DateTimeOffset now, out string text)
    {
        Span<byte> bytes = stackalloc byte[AnonymousIdentity.Bytes];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)now.ToUnixTimeSeconds());
        id.CopyTo(bytes[AnonymousIdentity.TimeBytes..]);
        Sign(bytes[..AnonymousIdentity.SignedBytes], bytes[AnonymousIdentity.SignedBytes..]);
        text = AnonymousIdentity.Prefix + Base64Url.EncodeToString(bytes);
        return Identify(bytes);
    }

    /// <summary>Reads what a client has kept; false when this deployment has not made it, whatever it is.</summary>
    public bool TryRead(string text, out AnonymousIdentity identity)
    {
        Span<byte> bytes = stackalloc byte[AnonymousIdentity.Bytes];
        Span<byte> signature = stackalloc byte[AnonymousIdentity.Bytes - AnonymousIdentity.SignedBytes];
        identity = default;
        if (!AnonymousIdentity.IsOfThisForm(text)
            || !Base64Url.IsValid(text.AsSpan(AnonymousIdentity.Prefix.Length), out var length)
            || length != AnonymousIdentity.Bytes)
        {
            return false;
        }

        Base64Url.DecodeFromChars(text.AsSpan(AnonymousIdentity.Prefix.Length), bytes);
        Sign(bytes[..AnonymousIdentity.SignedBytes], signature);
        if (!CryptographicOperations.FixedTimeEquals(signature, bytes[AnonymousIdentity.SignedBytes..]))
        {
            return false;
        }

        identity = Identify(bytes);
        return true;
    }

    private static byte[] Derive(ReadOnlySpan<byte> secret, string purpose)
    {
        var key = new byte[Bytes];
        HKDF.Expand(HashAlgorithmName.SHA256, secret, key, Encoding.ASCII.GetBytes(purpose));
        return key;
    }

    private AnonymousIdentity Identify(ReadOnlySpan<byte> bytes) => new(
        Hash(IdentityKind.Anonymous, "", bytes[AnonymousIdentity.TimeBytes..AnonymousIdentity.SignedBytes]),
        DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32BigEndian(bytes)));

    private void Sign(ReadOnlySpan<byte> signed, Span<byte> signature)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_identities, signed, hash);
        hash[..signature.Length].CopyTo(signature);
    }

    /// <summary>The issuer comes with its length, so that no other issuer and subject are the same bytes.</summary>
    private UserId Hash(IdentityKind kind, string issuer, ReadOnlySpan<byte> subject)
    {
        Span<byte> start = stackalloc byte[1 + sizeof(int)];
        start[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(start[1..], Encoding.UTF8.GetByteCount(issuer));
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_users, [.. start, .. Encoding.UTF8.GetBytes(issuer), .. subject], hash);
        return new UserId(hash);
    }
}

/// <summary>Where the <see cref="DeploymentKey"/> is once it is known, which on an edge is after an origin has told it. Thread-safe.</summary>
public sealed class DeploymentKeyHandle
{
    private DeploymentKey? _key;

    /// <summary>Null while it is not known; nobody waits for it.</summary>
    public DeploymentKey? Key => Volatile.Read(ref _key);

    /// <summary>The first one counts: a node goes by one key for as long as it lives.</summary>
    public void Set(DeploymentKey key) => Interlocked.CompareExchange(ref _key, key, null);
}
