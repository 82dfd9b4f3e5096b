using System.Buffers.Binary;
using System.Buffers.Text;

namespace Danmaku.Core.Identities;

/// <summary>
/// Who somebody is: 96 bits of a keyed hash (<see cref="DeploymentKey"/>), the same for one person on every node of a deployment. It shows neither the
/// person's address nor what an identity server calls it, and without the key nobody finds the way back.
/// </summary>
public readonly record struct UserId
{
    /// <summary>Length of the written form: base64url (RFC 4648 §5).</summary>
    public const int TextLength = 16;

    /// <summary>Length of the binary form.</summary>
    public const int Bytes = 12;

    /// <summary>Nobody knows who: the deployment's key is not known yet.</summary>
    public static readonly UserId None;

    private readonly ulong _high;
    private readonly uint _low;

    /// <param name="bytes">At least <see cref="Bytes"/>; more are passed over.</param>
    public UserId(ReadOnlySpan<byte> bytes) =>
        (_high, _low) = (BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[sizeof(ulong)..]));

    public bool IsNone => this == None;

    public static bool TryParse(ReadOnlySpan<char> text, out UserId user)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        user = None;
        if (text.Length != TextLength || !Base64Url.IsValid(text, out var length) || length != Bytes)
        {
            return false;
        }

        Base64Url.DecodeFromChars(text, bytes);
        user = new UserId(bytes);
        return true;
    }

    /// <summary>Writes it into <see cref="Bytes"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _high);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[sizeof(ulong)..], _low);
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
