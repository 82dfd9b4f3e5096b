using System.Buffers.Binary;
using System.Globalization;

namespace Danmaku.WebSockets.Tests.Support;

/// <summary>What a reader has made of some bytes, one line for each thing.</summary>
internal static class Transcript
{
    public static string Text(string text) => "text " + Short(Wire.Utf8(text));

    public static string Binary(byte[] payload) => "binary " + Short(payload);

    public static string Ping(byte[] payload) => "ping " + Short(payload);

    public static string Pong(byte[] payload) => "pong " + Short(payload);

    public static string Close(int code, string reason = "") => string.Create(CultureInfo.InvariantCulture, $"close {code} {reason}");

    public static string Error(ReadError error) => "error " + error.Detail;

    /// <summary>Null for a fragment, which is no more than a piece of something.</summary>
    public static string? Of(Received received) => received.Kind switch
    {
        ReceivedKind.Text => "text " + Short(received.Payload.Span),
        ReceivedKind.Binary => "binary " + Short(received.Payload.Span),
        ReceivedKind.Ping => "ping " + Short(received.Payload.Span),
        ReceivedKind.Pong => "pong " + Short(received.Payload.Span),
        ReceivedKind.Close => Close(received.CloseCode, System.Text.Encoding.UTF8.GetString(received.Payload.Span)),
        ReceivedKind.Error => Error(received.Error!),
        _ => null,
    };

    /// <summary>Feeds a reader with pieces.</summary>
    /// <param name="pieces">The length of each in turn; the last one goes on for ever.</param>
    /// <returns>The lines, and how many bytes had been fed when each came.</returns>
    public static List<(string Line, int At)> Read(MessageReader reader, byte[] bytes, IEnumerable<int> pieces)
    {
        var lines = new List<(string Line, int At)>();
        var fed = 0;
        using var lengths = pieces.GetEnumerator();
        var length = 0;
        while (fed < bytes.Length)
        {
            length = lengths.MoveNext() ? lengths.Current : length;

            // A copy: it is unmasked in place, and what comes later must not depend on what lies around it.
            var piece = bytes.AsSpan(fed, Math.Min(length, bytes.Length - fed)).ToArray().AsMemory();
            fed += piece.Length;
            while (true)
            {
                var received = reader.Read(piece, out var count);
                piece = piece[count..];
                if (Of(received) is { } line)
                {
                    lines.Add((line, fed - piece.Length));
                }

                if (received.Kind == ReceivedKind.Nothing)
                {
                    Assert.True(piece.IsEmpty, "all that came is taken");
                    break;
                }
            }
        }

        return lines;
    }

    /// <summary>Long payloads by their length and a sum of their bytes.</summary>
    private static string Short(ReadOnlySpan<byte> payload)
    {
        var sum = 17UL;
        foreach (var next in payload)
        {
            sum = (sum * 31) + next;
        }

        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, sum);
        return payload.Length <= 40
            ? Convert.ToHexStringLower(payload)
            : string.Create(CultureInfo.InvariantCulture, $"{payload.Length} bytes {Convert.ToHexStringLower(bytes)}");
    }
}
