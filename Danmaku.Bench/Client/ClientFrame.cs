using System.Buffers.Binary;

namespace Danmaku.Bench.Client;

/// <summary>WebSocket frames as a client sends them: final and masked (RFC 6455 §5.2, §5.3).</summary>
public static class ClientFrame
{
    /// <summary>Longest header.</summary>
    public const int MaxHeaderBytes = 8;

    /// <summary>Writes a whole frame.</summary>
    /// <param name="payload">At most 65,535 bytes.</param>
    /// <param name="mask">Four unpredictable bytes (§10.3).</param>
    /// <returns>The length of the frame.</returns>
    public static int Write(Span<byte> destination, Opcode opcode, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> mask)
    {
        destination[0] = (byte)(0x80 | (int)opcode);
        var header = 2;
        if (payload.Length < 126)
        {
            destination[1] = (byte)(0x80 | payload.Length);
        }
        else
        {
            destination[1] = 0x80 | 126;
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], checked((ushort)payload.Length));
            header = 4;
        }

        mask.CopyTo(destination[header..]);
        header += 4;
        for (var i = 0; i < payload.Length; i++)
        {
            destination[header + i] = (byte)(payload[i] ^ mask[i & 3]);
        }

        return header + payload.Length;
    }
}
