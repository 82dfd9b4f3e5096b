namespace Danmaku.WebSockets;

/// <summary>The part of a frame that comes next.</summary>
internal enum FramePart
{
    First,
    Second,
    Length,
    Key,
    Payload,
}

/// <summary>Reads the header of a client's frame, byte by byte (RFC 6455 §5.2), and reports an error at the first byte that no frame can have.</summary>
/// <remarks>A mutable struct: its owner keeps it where it is.</remarks>
internal struct FrameHeader
{
    public const byte Final = 0x80;
    public const byte Masked = 0x80;
    public const int KeyBytes = 4;
    public const int MaxControlBytes = 125;
    private const int LengthBits = 0x7f;

    /// <summary>Missing bytes of the length or of the key.</summary>
    private int _missing;

    /// <summary>The smallest length that needs as many bytes as this one.</summary>
    private ulong _shortest;
    private ulong _left;
    private uint _key;
    private bool _isMasked;

    public FramePart Part { get; private set; }

    public Opcode Opcode { get; private set; }

    public bool IsFinal { get; private set; }

    /// <summary>The part of the payload's length that has arrived; once <see cref="Part"/> is the payload, its missing bytes.</summary>
    public readonly ulong Left => _left;

    public readonly bool IsControl => Opcode >= Opcode.Close;

    /// <summary>The key as its four bytes stand in memory, for the next byte of the payload.</summary>
    public readonly uint Key => _key;

    /// <summary>The smallest payload length that is possible after the bytes so far.</summary>
    public readonly ulong Least => Part != FramePart.Length ? _left : _missing < sizeof(ulong) ? _left << (8 * _missing) : 0;

    /// <summary>The first byte of a frame.</summary>
    public void Begin(byte next) => (Opcode, IsFinal, Part) = ((Opcode)(next & 0x0f), (next & Final) != 0, FramePart.Second);

    /// <summary>The second byte, or one of a longer length.</summary>
    public void TakeLength(byte next)
    {
        if (Part == FramePart.Second)
        {
            _isMasked = next >= Masked;
            var length = next & LengthBits;
            (_missing, _shortest) = length switch { 126 => (2, 126UL), 127 => (8, 65_536UL), _ => (0, 0UL) };
            (_left, Part) = (_missing == 0 ? (ulong)length : 0, FramePart.Length);
            return;
        }

        _left = (_left << 8) | next;
        _missing--;
    }

    /// <summary>Checks the part of the length that has arrived.</summary>
    public readonly ReadError? CheckLength()
    {
        if (!_isMasked)
        {
            return ReadError.NotMasked;
        }

        if (IsControl && (_missing > 0 || _left > MaxControlBytes))
        {
            return ReadError.LongControl;
        }

        if (Least > long.MaxValue)
        {
            return ReadError.NegativeLength;
        }

        return _missing < sizeof(ulong) && (Least | ((1UL << (8 * _missing)) - 1)) < _shortest ? ReadError.NotShortest : null;
    }

    /// <summary>Goes on to the key or the payload, if the length is complete.</summary>
    public bool TryEndLength()
    {
        if (_missing > 0)
        {
            return false;
        }

        (_missing, _key, Part) = _isMasked ? (KeyBytes, 0U, FramePart.Key) : (0, 0U, FramePart.Payload);
        return true;
    }

    public void TakeKey(byte next)
    {
        _key = (_key << 8) | next;
        if (--_missing == 0)
        {
            (_key, Part) = (Mask.FromBytes(_key), FramePart.Payload);
        }
    }

    /// <summary>Takes bytes of the payload.</summary>
    public void TakePayload(int count)
    {
        _left -= (ulong)count;
        _key = Mask.Turn(_key, count);
    }

    /// <summary>Ends the frame.</summary>
    public void End() => Part = FramePart.First;
}
