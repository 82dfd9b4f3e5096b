namespace Danmaku.WebSockets.Deflate;

/// <summary>Reads the codes in the header of a block (RFC 1951 §3.2.7), as far as its bits have arrived.</summary>
/// <remarks>A mutable struct: its owner keeps it where it is.</remarks>
internal struct DynamicCodes
{
    public const int EndOfBlock = 256;
    public const int MaxLiterals = 286;
    public const int MaxDistances = 30;
    private const int LengthSymbols = 19;

    private readonly byte[] _lengths = new byte[MaxLiterals + MaxDistances];
    private readonly HuffmanCode _lengthCode = new();
    private Step _step;
    private int _literalCount;
    private int _distanceCount;
    private int _lengthCount;

    /// <summary>How many code lengths were read.</summary>
    private int _read;

    public DynamicCodes()
    {
    }

    private enum Step
    {
        Counts,
        CodeLengths,
        Lengths,
        Done,
    }

    public HuffmanCode Literals { get; } = new();

    public HuffmanCode Distances { get; } = new();

    /// <summary>Whether the header was read, and both codes are set.</summary>
    public readonly bool IsRead => _step == Step.Done;

    /// <summary>The order in which the lengths of code lengths are sent.</summary>
    private static ReadOnlySpan<byte> LengthOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    /// <summary>Starts the header of another block.</summary>
    public void Begin() => _step = Step.Counts;

    /// <summary>Reads the next item.</summary>
    /// <returns>Null if it can go on at once.</returns>
    public InflateResult? Read(ref BitBuffer bits) => _step switch
    {
        Step.Counts => ReadCounts(ref bits),
        Step.CodeLengths => ReadCodeLengths(ref bits),
        _ => ReadLengths(ref bits),
    };

    private InflateResult? ReadCounts(ref BitBuffer bits)
    {
        if (bits.Count < 14)
        {
            return InflateResult.NeedsInput;
        }

        (_literalCount, _distanceCount, _lengthCount) = (bits.Peek(0, 5) + 257, bits.Peek(5, 5) + 1, bits.Peek(10, 4) + 4);
        bits.Drop(14);
        Array.Clear(_lengths, 0, LengthSymbols);
        (_read, _step) = (0, Step.CodeLengths);
        return _literalCount > MaxLiterals || _distanceCount > MaxDistances ? InflateResult.Broken : null;
    }

    private InflateResult? ReadCodeLengths(ref BitBuffer bits)
    {
        if (_read < _lengthCount)
        {
            if (bits.Count < 3)
            {
                return InflateResult.NeedsInput;
            }

            _lengths[LengthOrder[_read++]] = (byte)bits.Peek(0, 3);
            bits.Drop(3);
            return null;
        }

        if (!_lengthCode.TrySet(_lengths.AsSpan(0, LengthSymbols), mayBeIncomplete: false))
        {
            return InflateResult.Broken;
        }

        (_read, _step) = (0, Step.Lengths);
        return null;
    }

    private InflateResult? ReadLengths(ref BitBuffer bits)
    {
        if (_read == _literalCount + _distanceCount)
        {
            return SetCodes();
        }

        var symbol = _lengthCode.Decode(bits.Bits, bits.Count, out var used);
        if (symbol < 0)
        {
            return symbol == HuffmanCode.NeedsBits ? InflateResult.NeedsInput : InflateResult.Broken;
        }

        if (symbol < 16)
        {
            _lengths[_read++] = (byte)symbol;
            bits.Drop(used);
            return null;
        }

        var (extra, least) = symbol switch { 16 => (2, 3), 17 => (3, 3), _ => (7, 11) };
        if (used + extra > bits.Count)
        {
            return InflateResult.NeedsInput;
        }

        var times = least + bits.Peek(used, extra);
        if (times > _literalCount + _distanceCount - _read || (symbol == 16 && _read == 0))
        {
            return InflateResult.Broken;
        }

        _lengths.AsSpan(_read, times).Fill(symbol == 16 ? _lengths[_read - 1] : (byte)0);
        _read += times;
        bits.Drop(used + extra);
        return null;
    }

    private InflateResult? SetCodes()
    {
        if (_lengths[EndOfBlock] == 0
            || !Literals.TrySet(_lengths.AsSpan(0, _literalCount), mayBeIncomplete: true)
            || !Distances.TrySet(_lengths.AsSpan(_literalCount, _distanceCount), mayBeIncomplete: true))
        {
            return InflateResult.Broken;
        }

        _step = Step.Done;
        return null;
    }
}
