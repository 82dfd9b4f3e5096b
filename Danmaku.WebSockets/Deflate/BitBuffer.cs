using System.Buffers.Binary;

namespace Danmaku.WebSockets.Deflate;

/// <summary>Up to 63 unread bits, the first in the lowest place (RFC 1951 §3.1.1).</summary>
/// <remarks>A mutable struct: its owner keeps it where it is.</remarks>
internal struct BitBuffer
{
    public ulong Bits { get; private set; }

    public int Count { get; private set; }

    /// <summary>Takes as many whole bytes as fit.</summary>
    /// <param name="input">The input; the bytes taken are cut off.</param>
    public void Fill(ref ReadOnlySpan<byte> input)
    {
        if (input.Length >= sizeof(ulong))
        {
            Bits |= BinaryPrimitives.ReadUInt64LittleEndian(input) << Count;
            var bytes = (63 - Count) / 8;
            input = input[bytes..];
            Count += bytes * 8;

            // Bits beyond the count are read again with the next bytes.
            Bits &= (1UL << Count) - 1;
            return;
        }

        while (Count < 56 && !input.IsEmpty)
        {
            Bits |= (ulong)input[0] << Count;
            Count += 8;
            input = input[1..];
        }
    }

    public readonly int Peek(int skip, int count) => (int)(Bits >> skip) & ((1 << count) - 1);

    public void Drop(int count)
    {
        Bits >>= count;
        Count -= count;
    }
}
