using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Danmaku.WebSockets;

/// <summary>Masking of a client's payload (RFC 6455 §5.3).</summary>
internal static class Mask
{
    /// <summary>Adds or removes the mask.</summary>
    /// <param name="key">The key as its four bytes lie in memory.</param>
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

    /// <summary>The key for the bytes after the first <paramref name="count"/>.</summary>
    public static uint Turn(uint key, int count)
    {
        var bits = count % sizeof(uint) * 8;
        return BitConverter.IsLittleEndian ? BitOperations.RotateRight(key, bits) : BitOperations.RotateLeft(key, bits);
    }

    /// <summary>The key as it lies in memory, from a number whose highest byte came first.</summary>
    public static uint FromBytes(uint key) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(key) : key;

    private static byte ByteOf(uint key, int index)
    {
        var place = index % sizeof(uint);
        return (byte)(key >> (8 * (BitConverter.IsLittleEndian ? place : 3 - place)));
    }
}
