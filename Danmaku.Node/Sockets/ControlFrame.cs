using System.Buffers.Binary;
using System.Text;

namespace Danmaku.Node.Sockets;

/// <summary>The control frames that are sent (RFC 6455 §5.5).</summary>
internal static class ControlFrame
{
    private const byte CloseOpcode = 0x88;
    private const byte PongOpcode = 0x8a;

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
