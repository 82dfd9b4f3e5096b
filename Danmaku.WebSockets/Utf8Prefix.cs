using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Danmaku.WebSockets;

/// <summary>Checks UTF-8 as it arrives (RFC 6455 §8.1).</summary>
internal static class Utf8Prefix
{
    /// <summary>Checks the received part of a text.</summary>
    /// <returns>How many bytes are complete characters; the bytes after them begin another one. −1 when the text is invalid however it continues.</returns>
    public static int Check(ReadOnlySpan<byte> bytes)
    {
        var whole = bytes.Length - BegunBytes(bytes);
        return Utf8.IsValid(bytes[..whole])
            && (whole == bytes.Length || Rune.DecodeFromUtf8(bytes[whole..], out _, out _) == OperationStatus.NeedMoreData)
            ? whole
            : -1;
    }

    /// <summary>How many bytes at the end look like the beginning of a character: at most three.</summary>
    private static int BegunBytes(ReadOnlySpan<byte> bytes)
    {
        for (var count = 1; count <= Math.Min(3, bytes.Length); count++)
        {
            switch (bytes[^count])
            {
                case < 0x80:
                    return 0;
                case >= 0xc0 and var lead:
                    return count < (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2) ? count : 0;
            }
        }

        return 0;
    }
}
