using System.IO.Compression;

namespace Danmaku.WebSockets.Tests.Support;

/// <summary>Compressed by the library that everybody uses.</summary>
internal static class Deflated
{
    private const int TailBytes = 4;

    /// <summary>As a client sends it: flushed, and without the last four bytes.</summary>
    public static byte[] Message(byte[] payload, CompressionLevel level = CompressionLevel.Optimal) => WithTail(payload, level)[..^TailBytes];

    public static byte[] WithTail(byte[] payload, CompressionLevel level)
    {
        using var packed = new MemoryStream();
        using var deflate = new DeflateStream(packed, level, leaveOpen: true);
        deflate.Write(payload);
        deflate.Flush();
        var bytes = packed.ToArray();

        // Nothing was written, so nothing was flushed.
        return bytes.Length == 0 ? [0, 0, 0, 0xff, 0xff] : bytes;
    }

    /// <summary>Several blocks, flushed between them.</summary>
    public static byte[] InPieces(byte[] payload, int piece, CompressionLevel level)
    {
        using var packed = new MemoryStream();
        using var deflate = new DeflateStream(packed, level, leaveOpen: true);
        foreach (var part in payload.Chunk(piece))
        {
            deflate.Write(part);
            deflate.Flush();
        }

        return packed.ToArray()[..^TailBytes];
    }

    /// <summary>The last block is marked final.</summary>
    public static byte[] Final(byte[] payload, CompressionLevel level)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, level, leaveOpen: true))
        {
            deflate.Write(payload);
        }

        return packed.ToArray();
    }

    public static byte[] Inflate(byte[] bytes)
    {
        using var inflate = new DeflateStream(new MemoryStream(bytes), CompressionMode.Decompress);
        using var whole = new MemoryStream();
        inflate.CopyTo(whole);
        return whole.ToArray();
    }
}
