using System.Security.Cryptography;
using System.Text;
using Danmaku.Bench.Client;

namespace Danmaku.Bench.Flood;

/// <summary>Many messages in one piece, sent again and again: what one of them costs its sender is next to nothing.</summary>
public sealed class Volley
{
    private const int Bytes = 16 * 1024;
    private const int CountDigits = 8;

    private readonly byte[] _bytes;
    private readonly int _stride;
    private readonly int? _countAt;
    private uint _count;

    /// <param name="countAt">Where in a frame eight hexadecimal digits are to count the messages; null for nowhere.</param>
    private Volley(byte[] frame, int? countAt)
    {
        (_stride, _countAt) = (frame.Length, countAt);
        Messages = Math.Max(1, Bytes / frame.Length);
        _bytes = [.. Enumerable.Repeat(frame, Messages).SelectMany(bytes => bytes)];
    }

    /// <summary>In each piece.</summary>
    public int Messages { get; }

    /// <summary>The same message every time.</summary>
    public static Volley Of(Opcode opcode, ReadOnlySpan<byte> message) => new(Frame(opcode, message), countAt: null);

    /// <summary>Posts in danmaku.v1.json, each with an id of its own.</summary>
    public static Volley OfPosts(string text)
    {
        var prefix = RandomNumberGenerator.GetHexString(24, lowercase: true);
        var frame = Frame(Opcode.Text, Encoding.UTF8.GetBytes($$"""{"type":"post","id":"{{prefix}}00000000","text":"{{text}}"}"""));
        return new Volley(frame, frame.AsSpan().IndexOf(Encoding.ASCII.GetBytes(prefix)) + prefix.Length);
    }

    /// <summary>A whole frame of a client. Its mask is zero, which is allowed and saves the masking.</summary>
    public static byte[] Frame(Opcode opcode, ReadOnlySpan<byte> message)
    {
        Span<byte> frame = stackalloc byte[ClientFrame.MaxHeaderBytes + message.Length];
        return frame[..ClientFrame.Write(frame, opcode, message, "\0\0\0\0"u8)].ToArray();
    }

    /// <summary>The next piece.</summary>
    /// <returns>Valid until the next call.</returns>
    public byte[] Next()
    {
        for (var i = 0; _countAt is { } at && i < Messages; i++)
        {
            _count++.TryFormat(_bytes.AsSpan((i * _stride) + at, CountDigits), out _, "x8");
        }

        return _bytes;
    }
}
