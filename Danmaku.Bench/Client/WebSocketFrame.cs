using System.Buffers.Binary;

namespace Danmaku.Bench.Client;

/// <summary>The header of one WebSocket frame that a server sent (RFC 6455 §5.2).</summary>
public readonly record struct WebSocketFrame(bool IsFinal, Opcode Opcode, int HeaderBytes, int PayloadBytes)
{
    /// <summary>A longer frame is taken for a broken one.</summary>
    public const int MaxPayloadBytes = 16 * 1024 * 1024;

    /// <summary>Longest header of a frame that we send.</summary>
    public const int MaxClientHeaderBytes = 8;

    public int TotalBytes => HeaderBytes + PayloadBytes;

    /// <returns>False when the header is not all here. The payload need not be.</returns>
    /// <exception cref="InvalidDataException">The server violates RFC 6455, or uses an extension that we did not offer.</exception>
    public static bool TryReadHeader(ReadOnlySpan<byte> bytes, out WebSocketFrame frame)
    {
        frame = default;
        if (bytes.Length < 2)
        {
            return false;
        }

        if ((bytes[0] & 0x70) != 0 || (bytes[1] & 0x80) != 0)
        {
            throw new InvalidDataException("a WebSocket frame with reserved bits or a mask");
        }

        long length = bytes[1] & 0x7f;
        var header = length switch { 126 => 4, 127 => 10, _ => 2 };
        if (bytes.Length < header)
        {
            return false;
        }

        length = header switch
        {
            4 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            10 => BinaryPrimitives.ReadInt64BigEndian(bytes[2..]),
            _ => length,
        };
        if (length is < 0 or > MaxPayloadBytes)
        {
            throw new InvalidDataException($"a WebSocket frame of {length} bytes");
        }

        frame = new WebSocketFrame((bytes[0] & 0x80) != 0, (Opcode)(bytes[0] & 0x0f), header, (int)length);
        return true;
    }

    /// <summary>Writes a whole frame as a client sends it: final and masked.</summary>
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
