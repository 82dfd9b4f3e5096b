using System.Buffers.Binary;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>
/// One unit of what a viewer is sent, as the bytes that go onto the socket: one or more complete, unmasked WebSocket frames.
/// Its bytes never change, and all viewers that get it share them.
/// </summary>
/// <param name="Bytes">Complete WebSocket frames (RFC 6455 §5.2).</param>
/// <param name="First">Of a batch: the position of its first danmaku; none for everything else.</param>
/// <param name="Last">Of a batch: the position of its last danmaku.</param>
public sealed record Frame(ReadOnlyMemory<byte> Bytes, Position First = default, Position Last = default)
{
    private int _keepers;

    /// <summary>How many danmaku it carries.</summary>
    public int Comments => IsBatch ? (int)(Last.Offset - First.Offset + 1) : 0;

    /// <summary>Batches may be skipped for a slow viewer; everything else may not.</summary>
    public bool IsBatch => !First.IsNone;

    /// <summary>Whether the next of its kind says all that this one says, as of a count: only the newest matters to who is late.</summary>
    public bool IsReplaceable { get; init; }

    /// <summary>Counts one more who keeps it because it cannot be sent at once. Thread-safe.</summary>
    /// <returns>Whether this is the first: from now on its bytes stay in memory.</returns>
    public bool Keep() => Interlocked.Increment(ref _keepers) == 1;

    /// <summary>Counts one of those less.</summary>
    /// <returns>Whether this was the last.</returns>
    public bool LetGo() => Interlocked.Decrement(ref _keepers) == 0;

    /// <summary>An empty Ping (RFC 6455 §5.5.2): the heartbeat.</summary>
    public static readonly Frame Ping = new(new byte[] { 0x89, 0x00 });

    /// <summary>Longest header of an unmasked frame, in bytes.</summary>
    public const int MaxHeaderBytes = 10;

    /// <summary>Writes the header of an unmasked, unfragmented text frame (RFC 6455 §5.2).</summary>
    /// <returns>Its length: 2, 4 or 10.</returns>
    public static int WriteTextHeader(Span<byte> target, int payloadBytes)
    {
        target[0] = 0x81;
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

    /// <summary>The length of the header of the unmasked frame that <paramref name="bytes"/> begin with: 2, 4 or 10.</summary>
    public static int HeaderBytes(ReadOnlySpan<byte> bytes) => (bytes[1] & 0x7f) switch
    {
        126 => 4,
        127 => 10,
        _ => 2,
    };

    /// <summary>One text message.</summary>
    public static Frame Text(ReadOnlySpan<byte> payload, Position first = default, Position last = default)
    {
        Span<byte> header = stackalloc byte[MaxHeaderBytes];
        var length = WriteTextHeader(header, payload.Length);
        var bytes = new byte[length + payload.Length];
        header[..length].CopyTo(bytes);
        payload.CopyTo(bytes.AsSpan(length));
        return new Frame(bytes, first, last);
    }
}
