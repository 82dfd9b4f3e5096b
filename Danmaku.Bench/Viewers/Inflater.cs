using System.IO.Compression;
using Danmaku.Bench.Engine;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Viewers;

/// <summary>Decompresses messages of permessage-deflate that were each compressed for themselves (RFC 7692 §7.2.2).</summary>
/// <remarks>Not thread-safe: what it returns is valid until the next call.</remarks>
public sealed class Inflater
{
    private byte[] _buffer = new byte[64 * 1024];

    /// <summary>All that it was given.</summary>
    public Compression Total { get; private set; } = new(0, 0);

    /// <exception cref="InvalidDataException">This is not deflated, or too long.</exception>
    public ReadOnlySpan<byte> Inflate(ReadOnlySpan<byte> payload)
    {
        using var input = new MemoryStream([.. payload, 0x00, 0x00, 0xFF, 0xFF]);
        using var inflating = new DeflateStream(input, CompressionMode.Decompress);
        var length = 0;
        for (int read; (read = inflating.Read(_buffer.AsSpan(length))) > 0;)
        {
            length += read;
            if (length == _buffer.Length)
            {
                Grow();
            }
        }

        Total = new Compression(Total.Deflated + payload.Length, Total.Inflated + length);
        return _buffer.AsSpan(0, length);
    }

    private void Grow()
    {
        if (_buffer.Length > Link.MaxMessageBytes)
        {
            throw new InvalidDataException($"a message of more than {Link.MaxMessageBytes} bytes");
        }

        Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
