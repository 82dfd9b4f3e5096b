using System.Buffers.Binary;
using System.Text;

namespace Danmaku.WebSockets.Tests.Support;

/// <summary>What a client may put on the wire, right or wrong; written from RFC 6455 §5.2 and not from the code under test.</summary>
internal static class Wire
{
    public const int Continuation = 0;
    public const int Text = 1;
    public const int Binary = 2;
    public const int Close = 8;
    public const int Ping = 9;
    public const int Pong = 10;

    public static readonly byte[] Key = [0x12, 0x34, 0x56, 0x78];

    /// <param name="reserved">RSV1 is 4, RSV2 2, RSV3 1.</param>
    /// <param name="lengthBytes">0, 2 or 8; null for the shortest that will do.</param>
    /// <param name="key">Null for a frame without a mask.</param>
    public static byte[] Frame(int opcode, byte[] payload, bool final, int reserved, int? lengthBytes, byte[]? key)
    {
        var form = lengthBytes ?? (payload.Length < 126 ? 0 : payload.Length <= ushort.MaxValue ? 2 : 8);
        var maskBit = key is null ? 0 : 0x80;
        var frame = new List<byte>
        {
            (byte)((final ? 0x80 : 0) | (reserved << 4) | opcode), (byte)(maskBit | (form switch { 0 => payload.Length, 2 => 126, _ => 127 })),
        };
        frame.AddRange(LengthBytes((ulong)payload.Length, form));
        frame.AddRange(key ?? []);
        frame.AddRange(payload.Select((next, i) => key is null ? next : (byte)(next ^ key[i % 4])));
        return [.. frame];
    }

    public static byte[] Frame(int opcode, byte[] payload, bool final = true, int reserved = 0, int? lengthBytes = null) =>
        Frame(opcode, payload, final, reserved, lengthBytes, Key);

    public static byte[] Frame(int opcode, string payload, bool final = true) => Frame(opcode, Utf8(payload), final);

    public static byte[] CloseFrame(int code, string reason = "") => Frame(Close, ClosePayload(code, Utf8(reason)));

    public static byte[] ClosePayload(int code, byte[] reason) => [(byte)(code >> 8), (byte)code, .. reason];

    /// <summary>The beginning of a frame of which nothing else may ever come.</summary>
    public static byte[] Header(int opcode, ulong length, int lengthBytes, bool final = true) =>
        [(byte)((final ? 0x80 : 0) | opcode), (byte)(0x80 | (lengthBytes == 2 ? 126 : 127)), .. LengthBytes(length, lengthBytes)];

    /// <summary>A frame of a server.</summary>
    public static byte[] Answer(int opcode, ReadOnlyMemory<byte> payload) => Frame(opcode, payload.ToArray(), true, 0, null, null);

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] LengthBytes(ulong length, int form)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, length);
        return bytes[(8 - form)..];
    }
}
