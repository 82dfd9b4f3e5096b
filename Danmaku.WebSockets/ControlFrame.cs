using System.Buffers.Binary;
using System.Text;

namespace Danmaku.WebSockets;

/// <summary>The control frames that a server sends (RFC 6455 §5.5).</summary>
public static class ControlFrame
{
    /// <summary>An empty Ping: the heartbeat. Shared by all connections.</summary>
    public static SharedFrame Ping { get; } = new(SharedFrame.Encode(Opcode.Ping, []));

    /// <param name="text">The reason; at most 123 bytes of UTF-8.</param>
    public static byte[] Close(int code, string text = "")
    {
        Span<byte> status = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(status, (ushort)code);
        return SharedFrame.Encode(Opcode.Close, [.. status, .. Encoding.UTF8.GetBytes(text)]);
    }

    /// <param name="payload">The payload of the Ping that it answers; at most 125 bytes.</param>
    public static byte[] Pong(ReadOnlySpan<byte> payload) => SharedFrame.Encode(Opcode.Pong, payload);
}
