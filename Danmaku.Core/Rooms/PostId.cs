using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Danmaku.Core.Rooms;

/// <summary>128 random bits that a client makes for each post and keeps when it sends the post again (docs/protocol.md §2).</summary>
public readonly record struct PostId(UInt128 Value)
{
    /// <summary>Length of the written form: lower-case hexadecimal digits.</summary>
    public const int TextLength = 32;

    public static bool TryParse(ReadOnlySpan<char> text, out PostId id)
    {
        id = default;
        if (text.Length != TextLength || text.ContainsAnyExcept(Digits))
        {
            return false;
        }

        id = new PostId(UInt128.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        return true;
    }

    /// <summary>The id behind an <c>Idempotency-Key</c>: the same key always gives the same id.</summary>
    public static PostId FromKey(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        return new PostId(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash));
    }

    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);

    private static readonly System.Buffers.SearchValues<char> Digits = System.Buffers.SearchValues.Create("0123456789abcdef");
}
