namespace Danmaku.WebSockets.Deflate;

/// <summary>A canonical Huffman code (RFC 1951 §3.2.2). Codes of up to nine bits, which are nearly all, need one lookup.</summary>
internal sealed class HuffmanCode
{
    /// <summary>More bits must come first.</summary>
    public const int NeedsBits = -1;

    /// <summary>No symbol has this code.</summary>
    public const int Unknown = -2;

    public const int MaxSymbols = 288;

    private const int MaxBits = 15;
    private const int FastBits = 9;
    private const int LengthBits = 4;

    /// <summary>Indexed by the next bits: the symbol and the length of its code; 0 if the code is longer, or there is none.</summary>
    private readonly ushort[] _fast = new ushort[1 << FastBits];

    /// <summary>The number of codes of each length.</summary>
    private readonly ushort[] _counts = new ushort[MaxBits + 1];

    /// <summary>The symbols in the order of their codes.</summary>
    private readonly ushort[] _symbols = new ushort[MaxSymbols];

    /// <summary>The code of fixed blocks (§3.2.6).</summary>
    public static HuffmanCode FixedLiterals { get; } = Of(
        [.. Enumerable.Repeat((byte)8, 144), .. Enumerable.Repeat((byte)9, 112), .. Enumerable.Repeat((byte)7, 24), .. Enumerable.Repeat((byte)8, 8)]);

    public static HuffmanCode FixedDistances { get; } = Of([.. Enumerable.Repeat((byte)5, 32)]);

    /// <summary>Sets another code.</summary>
    /// <param name="lengths">The length of each symbol's code; 0 for a symbol without one.</param>
    /// <param name="mayBeIncomplete">Whether one code of one bit, or none at all, is allowed.</param>
    /// <returns>False when no such code exists, or bits are left over.</returns>
    public bool TrySet(ReadOnlySpan<byte> lengths, bool mayBeIncomplete)
    {
        Array.Clear(_counts);
        foreach (var length in lengths)
        {
            _counts[length]++;
        }

        var used = lengths.Length - _counts[0];
        _counts[0] = 0;
        var left = 1;
        Span<ushort> next = stackalloc ushort[MaxBits + 2];
        for (var length = 1; length <= MaxBits; length++)
        {
            left = (left << 1) - _counts[length];
            if (left < 0)
            {
                return false;
            }

            next[length + 1] = (ushort)(next[length] + _counts[length]);
        }

        for (var symbol = 0; symbol < lengths.Length; symbol++)
        {
            if (lengths[symbol] > 0)
            {
                _symbols[next[lengths[symbol]]++] = (ushort)symbol;
            }
        }

        FillFast();
        return left == 0 || (mayBeIncomplete && used == _counts[1]);
    }

    /// <param name="bits">The next bits, the first one lowest.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="length">The length of the symbol's code.</param>
    /// <returns>The symbol, <see cref="NeedsBits"/> or <see cref="Unknown"/>.</returns>
    public int Decode(ulong bits, int count, out int length)
    {
        var entry = _fast[(int)bits & ((1 << FastBits) - 1)];
        length = entry & ((1 << LengthBits) - 1);
        return entry == 0 ? DecodeLong(bits, count, out length) : length <= count ? entry >> LengthBits : NeedsBits;
    }

    private static HuffmanCode Of(byte[] lengths)
    {
        var code = new HuffmanCode();
        code.TrySet(lengths, mayBeIncomplete: false);
        return code;
    }

    private void FillFast()
    {
        Array.Clear(_fast);
        var (code, index) = (0, 0);
        for (var length = 1; length <= FastBits; length++)
        {
            for (var i = 0; i < _counts[length]; i++)
            {
                var entry = (ushort)((_symbols[index++] << LengthBits) | length);
                for (var place = Reverse(code++, length); place < _fast.Length; place += 1 << length)
                {
                    _fast[place] = entry;
                }
            }

            code <<= 1;
        }
    }

    /// <summary>Codes are packed with their highest bit first, everything else with the lowest (§3.1.1).</summary>
    private static int Reverse(int code, int length)
    {
        var reversed = 0;
        for (var i = 0; i < length; i++)
        {
            reversed = (reversed << 1) | ((code >> i) & 1);
        }

        return reversed;
    }

    private int DecodeLong(ulong bits, int count, out int length)
    {
        var (code, first, index) = (0, 0, 0);
        for (length = 1; length <= MaxBits; length++)
        {
            if (length > count)
            {
                return NeedsBits;
            }

            code |= (int)(bits >> (length - 1)) & 1;
            if (code - first < _counts[length])
            {
                return _symbols[index + code - first];
            }

            index += _counts[length];
            first = (first + _counts[length]) << 1;
            code <<= 1;
        }

        return Unknown;
    }
}
