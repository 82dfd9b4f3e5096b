using System.Runtime.CompilerServices;

namespace Danmaku.WebSockets.Deflate;

/// <summary>Why <see cref="Inflater.Inflate"/> has stopped.</summary>
internal enum InflateResult
{
    /// <summary>All input is used up.</summary>
    NeedsInput,

    /// <summary>The output is full.</summary>
    NeedsOutput,

    /// <summary>The input is not DEFLATE.</summary>
    Broken,
}

/// <summary>
/// Inflates one message in pieces of any size (RFC 1951, RFC 7692 §7.2.2). It keeps no window: a message refers to its own output only, never to an earlier
/// message.
/// </summary>
/// <remarks>
/// Not thread-safe. .NET's inflater cannot be used: it stops at a final block, after which a message may go on.
/// </remarks>
internal sealed class Inflater
{
    /// <summary>About the size of one instance.</summary>
    public const int Bytes = 6 * 1024;

    private const int BlockHeaderBits = 3;

    /// <summary>An unused instance; a thread seldom needs two.</summary>
    [ThreadStatic]
    private static Inflater? _spare;

    private HuffmanCode _literals = HuffmanCode.FixedLiterals;
    private HuffmanCode _distances = HuffmanCode.FixedDistances;
    private State _state;
    private BitBuffer _bits;
    private DynamicCodes _own = new();
    private bool _isFinal;
    private bool _isEmptyStored;

    /// <summary>Remaining bytes of a stored block, or of a copy.</summary>
    private int _left;
    private int _distance;

    private enum State
    {
        BlockHeader,
        StoredHeader,
        Stored,
        Codes,
        Symbol,
        Copy,
    }

    /// <summary>The bytes that a sender leaves out at the end of a message (RFC 7692 §7.2.1).</summary>
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xff, 0xff];

    // Of symbols 257 to 285, and of distances (RFC 1951 §3.2.5).
    private static ReadOnlySpan<ushort> CopyBase =>
        [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];

    private static ReadOnlySpan<byte> CopyExtra => [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

    private static ReadOnlySpan<ushort> DistanceBase =>
        [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];

    private static ReadOnlySpan<byte> DistanceExtra =>
        [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

    private bool IsBetweenBlocks => _state == State.BlockHeader && _bits.Count == 0;

    /// <summary>Returns an instance for a new message.</summary>
    public static Inflater Rent()
    {
        var inflater = _spare ?? new Inflater();
        _spare = null;
        (inflater._state, inflater._bits, inflater._isFinal, inflater._isEmptyStored) = (State.BlockHeader, default, false, false);
        return inflater;
    }

    public void Return() => _spare = this;

    /// <summary>Inflates until the input or the output is used up.</summary>
    /// <param name="input">The input; the bytes taken are cut off.</param>
    /// <param name="output">All of the message so far, and space for more.</param>
    /// <param name="length">How many bytes of it are written.</param>
    public InflateResult Inflate(ref ReadOnlySpan<byte> input, Span<byte> output, ref int length)
    {
        while (true)
        {
            _bits.Fill(ref input);
            var stop = _state switch
            {
                State.BlockHeader => ReadBlockHeader(),
                State.StoredHeader => ReadStoredHeader(),
                State.Stored => CopyStored(ref input, output, ref length),
                State.Codes => ReadCodes(),
                State.Symbol => ReadSymbol(output, ref length),
                _ => Copy(output, ref length),
            };
            if (stop is { } result)
            {
                return result;
            }
        }
    }

    /// <summary>Ends the message.</summary>
    /// <returns>False if it ends within a block.</returns>
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

    private InflateResult? ReadBlockHeader()
    {
        if (_bits.Count < BlockHeaderBits)
        {
            return InflateResult.NeedsInput;
        }

        (_isFinal, var kind) = (_bits.Peek(0, 1) == 1, _bits.Peek(1, 2));
        _bits.Drop(BlockHeaderBits);
        switch (kind)
        {
            case 0:
                _bits.Drop(_bits.Count % 8);
                _state = State.StoredHeader;
                return null;
            case 1:
                (_literals, _distances, _state) = (HuffmanCode.FixedLiterals, HuffmanCode.FixedDistances, State.Symbol);
                return null;
            case 2:
                _own.Begin();
                _state = State.Codes;
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
            // The end of a DEFLATE stream; anything after it starts at a whole byte.
            _bits.Drop(_bits.Count % 8);
        }
    }

    private InflateResult? ReadStoredHeader()
    {
        if (_bits.Count < 32)
        {
            return InflateResult.NeedsInput;
        }

        (_left, var check) = (_bits.Peek(0, 16), _bits.Peek(16, 16));
        if (_left != (check ^ 0xffff))
        {
            return InflateResult.Broken;
        }

        _bits.Drop(32);
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

        while (_bits.Count > 0 && _left > 0 && length < output.Length)
        {
            output[length++] = (byte)_bits.Peek(0, 8);
            _bits.Drop(8);
            _left--;
        }

        if (_bits.Count == 0)
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

    private InflateResult? ReadCodes()
    {
        var stop = _own.Read(ref _bits);
        if (_own.IsRead)
        {
            (_literals, _distances, _state) = (_own.Literals, _own.Distances, State.Symbol);
        }

        return stop;
    }

    /// <summary>Reads a literal, or a whole copy: the bit buffer holds enough bits for either, except at the end of the input.</summary>
    private InflateResult? ReadSymbol(Span<byte> output, ref int length)
    {
        var symbol = _literals.Decode(_bits.Bits, _bits.Count, out var used);
        switch (symbol)
        {
            case HuffmanCode.NeedsBits:
                return InflateResult.NeedsInput;
            case < 0 or >= DynamicCodes.MaxLiterals:
                return InflateResult.Broken;
            case < DynamicCodes.EndOfBlock when length == output.Length:
                return InflateResult.NeedsOutput;
            case < DynamicCodes.EndOfBlock:
                output[length++] = (byte)symbol;
                _bits.Drop(used);
                return null;
            case DynamicCodes.EndOfBlock:
                _bits.Drop(used);
                EndBlock(isEmptyStored: false);
                return null;
        }

        return ReadCopy(symbol - DynamicCodes.EndOfBlock - 1, used, length);
    }

    /// <summary>Reads the rest of a copy: the extra bits of its length, and its distance. Inlined because copies are frequent.</summary>
    /// <param name="used">How many bits the length's symbol took.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private InflateResult? ReadCopy(int symbol, int used, int length)
    {
        var extra = CopyExtra[symbol];
        if (used + extra > _bits.Count)
        {
            return InflateResult.NeedsInput;
        }

        _left = CopyBase[symbol] + _bits.Peek(used, extra);
        used += extra;
        symbol = _distances.Decode(_bits.Bits >> used, _bits.Count - used, out var distanceBits);
        if (symbol is < 0 or >= DynamicCodes.MaxDistances)
        {
            return symbol == HuffmanCode.NeedsBits ? InflateResult.NeedsInput : InflateResult.Broken;
        }

        used += distanceBits;
        extra = DistanceExtra[symbol];
        if (used + extra > _bits.Count)
        {
            return InflateResult.NeedsInput;
        }

        _distance = DistanceBase[symbol] + _bits.Peek(used, extra);
        _bits.Drop(used + extra);
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
