using System.Buffers.Binary;

namespace Danmaku.WebSockets.Deflate;

/// <summary>Why <see cref="Inflater.Inflate"/> has stopped.</summary>
internal enum InflateResult
{
    /// <summary>All that has come is used up.</summary>
    NeedsInput,

    /// <summary>There is more, and no place for it.</summary>
    NeedsOutput,

    /// <summary>This is no DEFLATE.</summary>
    Broken,
}

/// <summary>
/// Inflates one message that comes in pieces of any size (RFC 1951, RFC 7692 §7.2.2). It keeps no window: what it writes is all that a message may refer
/// to, since none refers to the one before.
/// </summary>
/// <remarks>Not thread-safe. Written here since a message may end in a final block and go on after it, which the library's inflater takes for the end.</remarks>
internal sealed class Inflater
{
    /// <summary>About what one takes.</summary>
    public const int Bytes = 6 * 1024;

    private const int BlockHeaderBits = 3;
    private const int EndOfBlock = 256;
    private const int MaxLiterals = 286;
    private const int MaxDistances = 30;
    private const int LengthSymbols = 19;

    /// <summary>One that nobody uses; a thread has seldom use for two.</summary>
    [ThreadStatic]
    private static Inflater? _spare;

    private readonly byte[] _lengths = new byte[MaxLiterals + MaxDistances];
    private readonly HuffmanCode _lengthCode = new();
    private readonly HuffmanCode _ownLiterals = new();
    private readonly HuffmanCode _ownDistances = new();
    private HuffmanCode _literals = HuffmanCode.FixedLiterals;
    private HuffmanCode _distances = HuffmanCode.FixedDistances;
    private State _state;
    private ulong _bits;
    private int _bitCount;
    private bool _isFinal;
    private bool _isEmptyStored;

    /// <summary>Bytes that are left of a stored block, or of a copy.</summary>
    private int _left;
    private int _distance;
    private int _literalCount;
    private int _distanceCount;
    private int _lengthCount;

    /// <summary>How many code lengths have been read.</summary>
    private int _read;

    private enum State
    {
        BlockHeader,
        StoredHeader,
        Stored,
        Counts,
        CodeLengths,
        Lengths,
        Symbol,
        Copy,
    }

    /// <summary>What a sender leaves out at the end of a message (RFC 7692 §7.2.1).</summary>
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xff, 0xff];

    /// <summary>In the order in which they come (RFC 1951 §3.2.7).</summary>
    private static ReadOnlySpan<byte> LengthOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    // Of symbols 257 to 285, and of distances (RFC 1951 §3.2.5).
    private static ReadOnlySpan<ushort> CopyBase =>
        [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];

    private static ReadOnlySpan<byte> CopyExtra => [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

    private static ReadOnlySpan<ushort> DistanceBase =>
        [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];

    private static ReadOnlySpan<byte> DistanceExtra =>
        [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

    private bool IsBetweenBlocks => _state == State.BlockHeader && _bitCount == 0;

    /// <summary>For a new message.</summary>
    public static Inflater Rent()
    {
        var inflater = _spare ?? new Inflater();
        _spare = null;
        (inflater._state, inflater._bits, inflater._bitCount, inflater._isFinal, inflater._isEmptyStored) = (State.BlockHeader, 0, 0, false, false);
        return inflater;
    }

    public void Return() => _spare = this;

    /// <summary>Inflates until one of the two is used up.</summary>
    /// <param name="input">What has come; what has been taken is cut off.</param>
    /// <param name="output">All of the message so far, and the place for more.</param>
    /// <param name="length">How much of it is written.</param>
    public InflateResult Inflate(ref ReadOnlySpan<byte> input, Span<byte> output, ref int length)
    {
        while (true)
        {
            Fill(ref input);
            var stop = _state switch
            {
                State.BlockHeader => ReadBlockHeader(),
                State.StoredHeader => ReadStoredHeader(),
                State.Stored => CopyStored(ref input, output, ref length),
                State.Counts => ReadCounts(),
                State.CodeLengths => ReadCodeLengths(),
                State.Lengths => ReadLengths(),
                State.Symbol => ReadSymbol(output, ref length),
                _ => Copy(output, ref length),
            };
            if (stop is { } result)
            {
                return result;
            }
        }
    }

    /// <summary>The message has come to its end.</summary>
    /// <returns>False when it ends within a block.</returns>
    /// <remarks>
    /// A message that ends with a whole block, marked final or with the tail that should have been left out, is complete as it is; every other needs the
    /// tail, whose empty block must be the last thing in it.
    /// </remarks>
    public bool TryFinish(Span<byte> output, ref int length)
    {
        if (IsBetweenBlocks)
        {
            return true;
        }

        var tail = Tail;
        return Inflate(ref tail, output, ref length) == InflateResult.NeedsInput && IsBetweenBlocks && _isEmptyStored;
    }

    private void Fill(ref ReadOnlySpan<byte> input)
    {
        if (input.Length >= sizeof(ulong))
        {
            _bits |= BinaryPrimitives.ReadUInt64LittleEndian(input) << _bitCount;
            var bytes = (63 - _bitCount) / 8;
            input = input[bytes..];
            _bitCount += bytes * 8;

            // What is beyond the count comes again.
            _bits &= (1UL << _bitCount) - 1;
            return;
        }

        while (_bitCount < 56 && !input.IsEmpty)
        {
            _bits |= (ulong)input[0] << _bitCount;
            _bitCount += 8;
            input = input[1..];
        }
    }

    private int Peek(int skip, int count) => (int)(_bits >> skip) & ((1 << count) - 1);

    private void Drop(int count)
    {
        _bits >>= count;
        _bitCount -= count;
    }

    private InflateResult? ReadBlockHeader()
    {
        if (_bitCount < BlockHeaderBits)
        {
            return InflateResult.NeedsInput;
        }

        (_isFinal, var kind) = (Peek(0, 1) == 1, Peek(1, 2));
        Drop(BlockHeaderBits);
        switch (kind)
        {
            case 0:
                Drop(_bitCount % 8);
                _state = State.StoredHeader;
                return null;
            case 1:
                (_literals, _distances, _state) = (HuffmanCode.FixedLiterals, HuffmanCode.FixedDistances, State.Symbol);
                return null;
            case 2:
                _state = State.Counts;
                return null;
            default:
                return InflateResult.Broken;
        }
    }

    private void EndBlock(bool isEmptyStored)
    {
        (_state, _isEmptyStored) = (State.BlockHeader, isEmptyStored);
        if (_isFinal)
        {
            // The end of a DEFLATE stream; if anything follows it begins with a byte.
            Drop(_bitCount % 8);
        }
    }

    private InflateResult? ReadStoredHeader()
    {
        if (_bitCount < 32)
        {
            return InflateResult.NeedsInput;
        }

        (_left, var check) = (Peek(0, 16), Peek(16, 16));
        if (_left != (check ^ 0xffff))
        {
            return InflateResult.Broken;
        }

        Drop(32);
        _state = State.Stored;
        if (_left == 0)
        {
            EndBlock(isEmptyStored: true);
        }

        return null;
    }

    private InflateResult? CopyStored(ref ReadOnlySpan<byte> input, Span<byte> output, ref int length)
    {
        if (output.Length == length)
        {
            return InflateResult.NeedsOutput;
        }

        while (_bitCount > 0 && _left > 0 && length < output.Length)
        {
            output[length++] = (byte)Peek(0, 8);
            Drop(8);
            _left--;
        }

        if (_bitCount == 0)
        {
            var count = Math.Min(Math.Min(_left, input.Length), output.Length - length);
            input[..count].CopyTo(output[length..]);
            (length, _left) = (length + count, _left - count);
            input = input[count..];
        }

        if (_left == 0)
        {
            EndBlock(isEmptyStored: false);
            return null;
        }

        return length < output.Length && input.IsEmpty ? InflateResult.NeedsInput : null;
    }

    private InflateResult? ReadCounts()
    {
        if (_bitCount < 14)
        {
            return InflateResult.NeedsInput;
        }

        (_literalCount, _distanceCount, _lengthCount) = (Peek(0, 5) + 257, Peek(5, 5) + 1, Peek(10, 4) + 4);
        Drop(14);
        Array.Clear(_lengths, 0, LengthSymbols);
        (_read, _state) = (0, State.CodeLengths);
        return _literalCount > MaxLiterals || _distanceCount > MaxDistances ? InflateResult.Broken : null;
    }

    private InflateResult? ReadCodeLengths()
    {
        if (_read < _lengthCount)
        {
            if (_bitCount < 3)
            {
                return InflateResult.NeedsInput;
            }

            _lengths[LengthOrder[_read++]] = (byte)Peek(0, 3);
            Drop(3);
            return null;
        }

        if (!_lengthCode.TrySet(_lengths.AsSpan(0, LengthSymbols), mayBeIncomplete: false))
        {
            return InflateResult.Broken;
        }

        (_read, _state) = (0, State.Lengths);
        return null;
    }

    private InflateResult? ReadLengths()
    {
        if (_read == _literalCount + _distanceCount)
        {
            return SetCodes();
        }

        var symbol = _lengthCode.Decode(_bits, _bitCount, out var used);
        if (symbol < 0)
        {
            return symbol == HuffmanCode.NeedsBits ? InflateResult.NeedsInput : InflateResult.Broken;
        }

        if (symbol < 16)
        {
            _lengths[_read++] = (byte)symbol;
            Drop(used);
            return null;
        }

        var (extra, least) = symbol switch { 16 => (2, 3), 17 => (3, 3), _ => (7, 11) };
        if (used + extra > _bitCount)
        {
            return InflateResult.NeedsInput;
        }

        var times = least + Peek(used, extra);
        if (times > _literalCount + _distanceCount - _read || (symbol == 16 && _read == 0))
        {
            return InflateResult.Broken;
        }

        _lengths.AsSpan(_read, times).Fill(symbol == 16 ? _lengths[_read - 1] : (byte)0);
        _read += times;
        Drop(used + extra);
        return null;
    }

    private InflateResult? SetCodes()
    {
        if (_lengths[EndOfBlock] == 0
            || !_ownLiterals.TrySet(_lengths.AsSpan(0, _literalCount), mayBeIncomplete: true)
            || !_ownDistances.TrySet(_lengths.AsSpan(_literalCount, _distanceCount), mayBeIncomplete: true))
        {
            return InflateResult.Broken;
        }

        (_literals, _distances, _state) = (_ownLiterals, _ownDistances, State.Symbol);
        return null;
    }

    /// <summary>A literal, or all of a copy, for which there are always bits enough but at the end of what has come.</summary>
    private InflateResult? ReadSymbol(Span<byte> output, ref int length)
    {
        var symbol = _literals.Decode(_bits, _bitCount, out var used);
        switch (symbol)
        {
            case HuffmanCode.NeedsBits:
                return InflateResult.NeedsInput;
            case < 0 or >= MaxLiterals:
                return InflateResult.Broken;
            case < EndOfBlock when length == output.Length:
                return InflateResult.NeedsOutput;
            case < EndOfBlock:
                output[length++] = (byte)symbol;
                Drop(used);
                return null;
            case EndOfBlock:
                Drop(used);
                EndBlock(isEmptyStored: false);
                return null;
        }

        var extra = CopyExtra[symbol - EndOfBlock - 1];
        if (used + extra > _bitCount)
        {
            return InflateResult.NeedsInput;
        }

        _left = CopyBase[symbol - EndOfBlock - 1] + Peek(used, extra);
        used += extra;
        symbol = _distances.Decode(_bits >> used, _bitCount - used, out var distanceBits);
        if (symbol is < 0 or >= MaxDistances)
        {
            return symbol == HuffmanCode.NeedsBits ? InflateResult.NeedsInput : InflateResult.Broken;
        }

        used += distanceBits;
        extra = DistanceExtra[symbol];
        if (used + extra > _bitCount)
        {
            return InflateResult.NeedsInput;
        }

        _distance = DistanceBase[symbol] + Peek(used, extra);
        Drop(used + extra);
        _state = State.Copy;
        return _distance > length ? InflateResult.Broken : null;
    }

    private InflateResult? Copy(Span<byte> output, ref int length)
    {
        for (; _left > 0; _left--)
        {
            if (length == output.Length)
            {
                return InflateResult.NeedsOutput;
            }

            output[length] = output[length - _distance];
            length++;
        }

        _state = State.Symbol;
        return null;
    }
}
