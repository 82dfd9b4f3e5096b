using System.Buffers.Binary;
using System.Text;

namespace Danmaku.Node.Sockets;

/// <summary>Close frames, and what the first byte of a WebSocket frame says (RFC 6455 §5.2, §5.5).</summary>
internal static class ControlFrame
{
    private const byte OpcodeMask = 0x0f;
    private const byte CloseOpcode = 0x08;
    private const byte Final = 0x80;

    public static bool IsClose(ReadOnlySpan<byte> frame) => (frame[0] & OpcodeMask) == CloseOpcode;

    /// <summary>The status in an unmasked Close frame; null when there is none.</summary>
    public static int? Status(ReadOnlySpan<byte> closeFrame) =>
        closeFrame.Length >= 4 ? BinaryPrimitives.ReadUInt16BigEndian(closeFrame[2..]) : null;

    public static byte[] Close(int status, string text = "")
    {
        var reason = Encoding.UTF8.GetBytes(text);
        var frame = new byte[4 + reason.Length];
        frame[0] = Final | CloseOpcode;
        frame[1] = (byte)(2 + reason.Length);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)status);
        reason.CopyTo(frame.AsSpan(4));
        return frame;
    }
}
