using System.Buffers.Binary;

namespace Danmaku.WebSockets;

/// <summary>One or more complete, unmasked WebSocket frames, as they are sent. The bytes never change, and all connections share them.</summary>
/// <param name="bytes">Complete WebSocket frames (RFC 6455 §5.2).</param>
public class SharedFrame(ReadOnlyMemory<byte> bytes)
{
    /// <summary>Longest header of an unmasked frame, in bytes.</summary>
    public const int MaxHeaderBytes = 10;

    private int _keepers;

    public ReadOnlyMemory<byte> Bytes { get; } = bytes;

    /// <summary>Writes the header of an unmasked, unfragmented text frame (RFC 6455 §5.2).</summary>
    /// <returns>Its length: 2, 4 or 10.</returns>
    public static int WriteTextHeader(Span<byte> target, int payloadBytes) => WriteHeader(target, Opcode.Text, payloadBytes);

    /// <summary>The length of the header of the unmasked frame at the beginning of <paramref name="bytes"/>: 2, 4 or 10.</summary>
    public static int HeaderBytes(ReadOnlySpan<byte> bytes) => (bytes[1] & 0x7f) switch
    {
        126 => 4,
        127 => 10,
        _ => 2,
    };

    /// <summary>One text message in one frame, as bytes.</summary>
    public static byte[] EncodeText(ReadOnlySpan<byte> payload) => Encode(Opcode.Text, payload);

    /// <summary>One binary message in one frame, as bytes.</summary>
    public static byte[] EncodeBinary(ReadOnlySpan<byte> payload) => Encode(Opcode.Binary, payload);

    /// <summary>One unfragmented, unmasked frame.</summary>
    internal static byte[] Encode(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[MaxHeaderBytes];
        header = header[..WriteHeader(header, opcode, payload.Length)];
        return [.. header, .. payload];
    }

    /// <summary>Counts one more connection that keeps it because it could not be sent at once. Thread-safe.</summary>
    /// <returns>Whether this is the first: from now on its bytes stay in memory.</returns>
    internal bool Keep() => Interlocked.Increment(ref _keepers) == 1;

    /// <summary>Counts one connection less.</summary>
    /// <returns>Whether this was the last.</returns>
    internal bool LetGo() => Interlocked.Decrement(ref _keepers) == 0;

    private static int WriteHeader(Span<byte> target, Opcode opcode, int payloadBytes)
    {
        target[0] = (byte)(0x80 | (int)opcode);
        switch (payloadBytes)
        {
            case < 126:
                target[1] = (byte)payloadBytes;
                return 2;
            case <= ushort.MaxValue:
                target[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)payloadBytes);
                return 4;
            default:
                target[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(target[2..], (ulong)payloadBytes);
                return 10;
        }
    }
}
