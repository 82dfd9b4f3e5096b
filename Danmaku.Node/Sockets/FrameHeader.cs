using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Danmaku.Node.Sockets;

/// <summary>What stands before the payload of a client's WebSocket frame (RFC 6455 §5.2).</summary>
/// <param name="Opcode">0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.</param>
/// <param name="IsPlain">The last or only frame of a message, without reserved bits: not compressed.</param>
/// <param name="IsFinal">The last or only frame of a message.</param>
/// <param name="Length">Of the header, the masking key included.</param>
/// <param name="Payload">Bytes that follow it.</param>
internal readonly record struct FrameHeader(int Opcode, bool IsPlain, bool IsFinal, bool IsMasked, int Length, ulong Payload)
{
    public const int Continuation = 0;
    public const int Text = 1;
    public const int Binary = 2;
    public const int Pong = 10;

    private const int KeyBytes = 4;

    /// <summary>Whether it belongs to a message, and is no control frame.</summary>
    public bool IsData => Opcode is Continuation or Text or Binary;

    /// <returns>False when it is not all there yet.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if (bytes.Length < 2)
        {
            return false;
        }

        var (first, isMasked, length) = (bytes[0], (bytes[1] & 0x80) != 0, bytes[1] & 0x7f);
        var lengthBytes = length switch { 126 => 2, 127 => 8, _ => 0 };
        var headerBytes = 2 + lengthBytes + (isMasked ? KeyBytes : 0);
        if (bytes.Length < headerBytes)
        {
            return false;
        }

        var payload = lengthBytes switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            8 => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
            _ => (ulong)length,
        };
        header = new FrameHeader(first & 0x0f, (first & 0xf0) == 0x80, (first & 0x80) != 0, isMasked, headerBytes, payload);
        return true;
    }

    /// <summary>Takes the mask off (§5.3).</summary>
    /// <param name="frame">Whole and masked; what is unmasked is changed in it.</param>
    /// <returns>The payload.</returns>
    public Memory<byte> Unmask(Memory<byte> frame)
    {
        var payload = frame.Slice(Length, (int)Payload);
        var key = MemoryMarshal.Read<uint>(frame.Span[(Length - KeyBytes)..]);
        var span = payload.Span;
        var wide = MemoryMarshal.Cast<byte, ulong>(span);
        var wideKey = ((ulong)key << 32) | key;
        for (var i = 0; i < wide.Length; i++)
        {
            wide[i] ^= wideKey;
        }

        Span<byte> keyBytes = stackalloc byte[KeyBytes];
        MemoryMarshal.Write(keyBytes, key);
        for (var i = wide.Length * sizeof(ulong); i < span.Length; i++)
        {
            span[i] ^= keyBytes[i % KeyBytes];
        }

        return payload;
    }
}
