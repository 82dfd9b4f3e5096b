namespace Danmaku.WebSockets.Tests.Support;

/// <summary>Puts DEFLATE together bit by bit (RFC 1951), right or wrong.</summary>
internal sealed class Bits
{
    private readonly List<byte> _bytes = [];
    private int _count;

    /// <summary>All so far; the last byte is filled up with zeros.</summary>
    public byte[] Bytes => [.. _bytes];

    /// <summary>Lowest bit first, as everything but Huffman codes.</summary>
    public Bits Add(int value, int bits)
    {
        for (var i = 0; i < bits; i++)
        {
            if (_count++ % 8 == 0)
            {
                _bytes.Add(0);
            }

            _bytes[^1] |= (byte)(((value >> i) & 1) << ((_count - 1) % 8));
        }

        return this;
    }

    /// <summary>Highest bit first.</summary>
    public Bits Code(int code, int bits)
    {
        for (var i = bits - 1; i >= 0; i--)
        {
            Add((code >> i) & 1, 1);
        }

        return this;
    }

    /// <param name="kind">0 stored, 1 fixed, 2 dynamic, 3 is none.</param>
    public Bits Block(int kind, bool final = false) => Add(final ? 1 : 0, 1).Add(kind, 2);

    /// <summary>A symbol of the fixed code (§3.2.6).</summary>
    public Bits Fixed(int symbol) => symbol switch
    {
        < 144 => Code(0x30 + symbol, 8),
        < 256 => Code(0x190 + symbol - 144, 9),
        < 280 => Code(symbol - 256, 7),
        _ => Code(0xc0 + symbol - 280, 8),
    };

    public Bits Fixed(string text)
    {
        foreach (var next in Wire.Utf8(text))
        {
            Fixed(next);
        }

        return this;
    }

    public Bits End() => Fixed(256);

    /// <summary>The rest of a byte.</summary>
    public Bits Align() => Add(0, (8 - (_count % 8)) % 8);

    public Bits Stored(byte[] bytes, bool final = false)
    {
        Block(0, final).Align().Add(bytes.Length, 16).Add(~bytes.Length & 0xffff, 16);
        foreach (var next in bytes)
        {
            Add(next, 8);
        }

        return this;
    }

    /// <summary>What a sender of a whole message ends with, without the four bytes that it leaves out.</summary>
    public Bits Flush() => Block(0).Align();

    /// <summary>The beginning of a dynamic block, as far as the lengths of the code that the other lengths are written in.</summary>
    /// <param name="lengths">By symbol.</param>
    public Bits Dynamic(int literals, int distances, params (int Symbol, int Bits)[] lengths)
    {
        Block(2).Add(literals - 257, 5).Add(distances - 1, 5).Add(19 - 4, 4);
        foreach (var symbol in (int[])[16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])
        {
            Add(lengths.FirstOrDefault(length => length.Symbol == symbol).Bits, 3);
        }

        return this;
    }
}
