using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Danmaku.WebSockets;

/// <summary>Masking of a client's payload (RFC 6455 §5.3).</summary>
internal static class Mask
{
    /// <summary>Takes the mask off, or puts it on.</summary>
    /// <param name="key">As its four bytes stand in memory.</param>
    public static void Apply(Span<byte> payload, uint key)
    {
        var wide = MemoryMarshal.Cast<byte, Vector128<byte>>(payload);
        var wideKey = Vector128.Create(key).AsByte();
        for (var i = 0; i < wide.Length; i++)
        {
            wide[i] ^= wideKey;
        }

        payload = payload[(wide.Length * Vector128<byte>.Count)..];
        var words = MemoryMarshal.Cast<byte, uint>(payload);
        for (var i = 0; i < words.Length; i++)
        {
            words[i] ^= key;
        }

        for (var i = words.Length * sizeof(uint); i < payload.Length; i++)
        {
            payload[i] ^= ByteOf(key, i);
        }
    }

    /// <summary>The key for what comes after <paramref name="count"/> bytes.</summary>
    public static uint Turn(uint key, int count)
    {
        var bits = count % sizeof(uint) * 8;
        return BitConverter.IsLittleEndian ? BitOperations.RotateRight(key, bits) : BitOperations.RotateLeft(key, bits);
    }

    /// <summary>The key as it stands in memory, of its bytes as they came: the first is the highest.</summary>
    public static uint FromBytes(uint key) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(key) : key;

    private static byte ByteOf(uint key, int index)
    {
        var place = index % sizeof(uint);
        return (byte)(key >> (8 * (BitConverter.IsLittleEndian ? place : 3 - place)));
    }
}
