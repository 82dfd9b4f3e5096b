using System.Buffers.Binary;
using System.Text;

namespace Danmaku.WebSockets;

/// <summary>The control frames that a server sends (RFC 6455 §5.5).</summary>
public static class ControlFrame
{
    private const byte CloseOpcode = 0x88;
    private const byte PongOpcode = 0x8a;

    /// <summary>An empty Ping: the heartbeat. Shared by all connections.</summary>
    public static SharedFrame Ping { get; } = new(new byte[] { 0x89, 0x00 });

    /// <param name="text">The reason; at most 123 bytes of UTF-8.</param>
    public static byte[] Close(int code, string text = "")
    {
        var reason = Encoding.UTF8.GetBytes(text);
        var frame = new byte[4 + reason.Length];
        frame[0] = CloseOpcode;
        frame[1] = (byte)(2 + reason.Length);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)code);
        reason.CopyTo(frame.AsSpan(4));
        return frame;
    }

    /// <param name="payload">Of the Ping that it answers; at most 125 bytes.</param>
    public static byte[] Pong(ReadOnlySpan<byte> payload) => [PongOpcode, (byte)payload.Length, .. payload];
}
