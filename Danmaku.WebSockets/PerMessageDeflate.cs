using System.Globalization;
using System.IO.Compression;

namespace Danmaku.WebSockets;

/// <summary>
/// <c>permessage-deflate</c> (RFC 7692) for messages that are compressed once and sent to many: no message refers to an earlier one, so every client can read
/// it.
/// </summary>
public static class PerMessageDeflate
{
    /// <summary>Smallest payload that is compressed by default, in bytes: below it there is little to gain.</summary>
    public const int MinBytes = 512;

    private const string Name = "permessage-deflate";

    /// <summary>FIN, RSV1 and the opcode of a text frame: whole, and compressed (RFC 7692 §6).</summary>
    private const byte CompressedText = 0xc1;

    /// <summary>The window size of DeflateStream, as a power of two. A client that wants a smaller window cannot read shared messages.</summary>
    private const int WindowBits = 15;

    private const int MinWindowBits = 8;

    /// <summary>The end of a flushed DEFLATE stream, which a message omits (RFC 7692 §7.2.1).</summary>
    private const int TailBytes = 4;

    /// <summary>The answer to the first offer that can be accepted (RFC 7692 §7.1), for <c>Sec-WebSocket-Extensions</c>.</summary>
    /// <param name="offers">The values of that header.</param>
    /// <returns>Null when there is none: the connection goes on without the extension.</returns>
    public static string? Accept(IEnumerable<string?> offers) =>
        offers.SelectMany(line => (line ?? "").Split(',')).Select(AcceptOne).FirstOrDefault(answer => answer is not null);

    /// <summary>The same message compressed, or null when it is small or does not shrink.</summary>
    /// <param name="frame">One uncompressed text message in one frame.</param>
    /// <param name="minBytes">Smallest payload that is compressed.</param>
    /// <returns>One frame.</returns>
    public static byte[]? Compress(ReadOnlySpan<byte> frame, int minBytes = MinBytes)
    {
        var payload = frame[SharedFrame.HeaderBytes(frame)..];
        if (payload.Length < minBytes)
        {
            return null;
        }

        using var packed = new MemoryStream(payload.Length);
        packed.Write(stackalloc byte[SharedFrame.MaxHeaderBytes]);
        long end;
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(payload);
            deflate.Flush();
            end = packed.Length - TailBytes;
        }

        var length = (int)end - SharedFrame.MaxHeaderBytes;
        if (length >= payload.Length)
        {
            return null;
        }

        Span<byte> header = stackalloc byte[SharedFrame.MaxHeaderBytes];
        header = header[..SharedFrame.WriteTextHeader(header, length)];
        header[0] = CompressedText;
        var bytes = packed.GetBuffer().AsSpan(SharedFrame.MaxHeaderBytes - header.Length, header.Length + length);
        header.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static string? AcceptOne(string offer)
    {
        var parts = offer.Split(';', StringSplitOptions.TrimEntries);
        if (!parts[0].Equals(Name, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var answer = $"{Name}; server_no_context_takeover; client_no_context_takeover";
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in parts.Skip(1))
        {
            var (name, value) = part.Split('=', 2, StringSplitOptions.TrimEntries) switch
            {
                [var before, var after] => (before, after.Trim('"')),
                var alone => (alone[0], null),
            };
            var isFine = seen.Add(name) && name.ToLowerInvariant() switch
            {
                "server_no_context_takeover" or "client_no_context_takeover" => value is null,
                "server_max_window_bits" => value is not null && Bits(value) == WindowBits,
                "client_max_window_bits" => value is null || Bits(value) is not null,
                _ => false,
            };
            if (!isFine)
            {
                return null;
            }
        }

        return seen.Contains("server_max_window_bits") ? answer + $"; server_max_window_bits={WindowBits}" : answer;
    }

    /// <summary>A window size; null when invalid. It has no leading zeros (RFC 7692 §7.1.2).</summary>
    private static int? Bits(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
        && bits is >= MinWindowBits and <= WindowBits
        && value == bits.ToString(CultureInfo.InvariantCulture)
            ? bits
            : null;
}
