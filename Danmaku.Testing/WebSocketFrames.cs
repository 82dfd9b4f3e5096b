using System.Buffers.Binary;
using System.Text;

namespace Danmaku.Testing;

/// <summary>One WebSocket frame as a client sees it.</summary>
/// <param name="OpCode">1 text, 2 binary, 8 close, 9 ping, 10 pong.</param>
public sealed record WebSocketFrame(int OpCode, byte[] Payload);

/// <summary>Reads unmasked, unfragmented WebSocket frames (RFC 6455 §5.2), written from the RFC and not from the code under test.</summary>
public static class WebSocketFrames
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <exception cref="InvalidDataException">The bytes are not whole frames of that kind.</exception>
    public static IReadOnlyList<WebSocketFrame> Read(ReadOnlySpan<byte> bytes)
    {
        var frames = new List<WebSocketFrame>();
        while (bytes.Length > 0)
        {
            Require(bytes.Length >= 2 && (bytes[0] & 0xf0) == 0x80, "not a final frame without extensions");
            Require((bytes[1] & 0x80) == 0, "masked");
            var opCode = bytes[0] & 0x0f;
            var length = ReadLength(ref bytes);
            Require(opCode < 8 || length <= 125, "control frame over 125 bytes");
            Require(length <= bytes.Length, "cut short");
            frames.Add(new WebSocketFrame(opCode, bytes[..(int)length].ToArray()));
            bytes = bytes[(int)length..];
        }

        return frames;
    }

    /// <summary>The text messages among them.</summary>
    public static IReadOnlyList<string> Texts(ReadOnlySpan<byte> bytes) =>
        [.. Read(bytes).Where(frame => frame.OpCode == 1).Select(frame => Strict.GetString(frame.Payload))];

    /// <summary>Reads the length, which must have its shortest form, and steps over the header.</summary>
    private static long ReadLength(ref ReadOnlySpan<byte> bytes)
    {
        long length = bytes[1];
        switch (length)
        {
            case 126:
                Require(bytes.Length >= 4, "cut short");
                length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
                Require(length > 125, "length is longer than it must be");
                bytes = bytes[4..];
                return length;
            case 127:
                Require(bytes.Length >= 10, "cut short");
                length = BinaryPrimitives.ReadInt64BigEndian(bytes[2..]);
                Require(length > ushort.MaxValue, "length is longer than it must be");
                bytes = bytes[10..];
                return length;
            default:
                bytes = bytes[2..];
                return length;
        }
    }

    private static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new InvalidDataException(otherwise);
        }
    }
}
