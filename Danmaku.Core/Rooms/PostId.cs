using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Danmaku.Core.Rooms;

/// <summary>128 random bits that a client generates for each post and reuses when it sends the post again (docs/protocol.md §2).</summary>
public readonly record struct PostId(UInt128 Value)
{
    /// <summary>Length of the written form: lower-case hexadecimal digits.</summary>
    public const int TextLength = 32;

    private const int Bytes = 16;

    public static bool TryParse(ReadOnlySpan<char> text, out PostId id)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        var isOne = text.Length == TextLength
            && !text.ContainsAnyExcept(Digits)
            && Convert.FromHexString(text, bytes, out _, out _) == OperationStatus.Done;
        id = isOne ? new PostId(BinaryPrimitives.ReadUInt128BigEndian(bytes)) : default;
        return isOne;
    }

    /// <summary>Reads the written form in UTF-8.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out PostId id)
    {
        Span<char> text = stackalloc char[TextLength];
        id = default;
        return utf8.Length == TextLength && Ascii.ToUtf16(utf8, text, out _) == OperationStatus.Done && TryParse(text, out id);
    }

    /// <summary>The id behind an <c>Idempotency-Key</c>: the same key always gives the same id.</summary>
    public static PostId FromKey(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        return new PostId(BinaryPrimitives.ReadUInt128BigEndian(hash));
    }

    /// <summary>Writes it in UTF-8 into <see cref="TextLength"/> bytes.</summary>
    public void Write(Span<byte> utf8)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        Convert.TryToHexStringLower(bytes, utf8, out _);
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return Convert.ToHexStringLower(bytes);
    }

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");
}
