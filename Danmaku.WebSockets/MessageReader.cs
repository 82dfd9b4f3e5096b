using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using Danmaku.WebSockets.Deflate;

namespace Danmaku.WebSockets;

/// <summary>
/// Reads what one client sends (RFC 6455, and RFC 7692 where that was agreed on): bytes in pieces of any size go in, whole messages and control frames come
/// out. It refuses at the first byte that cannot be right.
/// </summary>
/// <remarks>
/// Not thread-safe; it has one owner, who calls <see cref="Read"/> until nothing more comes of it. A message that comes whole and uncompressed is read
/// where it lies; of every other there is a buffer that grows with what has come, never with what is announced. A silent client costs no buffer.
/// After an error, and when the owner has hung up, the client's frames are only followed until its Close frame, so that the server can close the connection
/// when both have said goodbye (RFC 6455 §7.1.1), and no sooner.
/// </remarks>
public sealed class MessageReader(ReaderOptions options) : IDisposable
{
    private const byte Final = 0x80;
    private const int Reserved = 0x70;
    private const int Compressed = 0x40;
    private const byte Masked = 0x80;
    private const int KeyBytes = 4;
    private const int MaxControlBytes = 125;
    private const int MinBufferBytes = 256;

    private HeldMemory _held = new(options.Memory);

    // The frame under way.
    private Part _part;
    private Opcode _opcode;
    private bool _isFinal;
    private bool _isMasked;
    private int _headerLeft;
    private ulong _shortest;
    private ulong _left;
    private uint _key;
    private byte[]? _control;
    private int _controlLength;

    // The message under way.
    private bool _isInMessage;
    private bool _isText;
    private Inflater? _inflater;
    private long _deflated;
    private byte[] _message = [];
    private int _length;

    /// <summary>How much of it is whole characters.</summary>
    private int _checked;

    /// <summary>The message is its owner's until the next call.</summary>
    private bool _isHandedOut;
    private bool _isFollowing;

    /// <summary>Nothing that comes means anything any more.</summary>
    private bool _isOver;

    private enum Part
    {
        First,
        Second,
        Length,
        Key,
        Payload,
    }

    private bool IsControl => _opcode >= Opcode.Close;

    /// <summary>Reads on until there is something whole, or all bytes are taken.</summary>
    /// <param name="bytes">What has come; its content is changed.</param>
    /// <param name="count">How many of them have been taken. The rest must be given again.</param>
    public Received Read(Memory<byte> bytes, out int count)
    {
        Release();
        if (TryReadWhole(bytes, out var received, out count))
        {
            return received;
        }

        while (!_isOver)
        {
            if (_part != Part.Payload)
            {
                if (count == bytes.Length)
                {
                    break;
                }

                if (TakeHeader(bytes.Span[count++]) is { } error)
                {
                    return Fail(error);
                }

                continue;
            }

            var piece = bytes.Slice(count, (int)Math.Min(_left, (ulong)(bytes.Length - count)));
            if (piece.IsEmpty && _left > 0)
            {
                break;
            }

            count += piece.Length;
            received = TakePayload(piece);
            if (received.Kind != ReceivedKind.Nothing)
            {
                return received;
            }
        }

        if (_isOver)
        {
            count = bytes.Length;
        }

        return _held.TryHold(_message.Length + (_inflater is null ? 0 : Inflater.Bytes)) ? default : Fail(ReadError.NoMemory);
    }

    /// <summary>The last message has been dealt with. The next call of <see cref="Read"/> says so, too.</summary>
    public void Release()
    {
        if (_isHandedOut)
        {
            Forget();
        }
    }

    /// <summary>From now on the reader looks for the client's Close frame alone. Safe to repeat.</summary>
    public void Follow()
    {
        if (!_isFollowing)
        {
            _isFollowing = true;
            Forget();
        }
    }

    /// <summary>Nothing is kept any more.</summary>
    public void Dispose()
    {
        (_isOver, _isFollowing) = (true, true);
        Forget();
    }

    /// <summary>The common case: a whole text message in one short frame.</summary>
    private bool TryReadWhole(Memory<byte> bytes, out Received received, out int count)
    {
        (received, count) = (default, 0);
        var span = bytes.Span;
        if (_part != Part.First || _isInMessage || _isFollowing || span.Length < 2 + KeyBytes || span[0] != (Final | (byte)Opcode.Text))
        {
            return false;
        }

        // Negative when it is not masked.
        var (length, start) = (span[1] - Masked, 2 + KeyBytes);
        if (length == 126)
        {
            (length, start) = (BinaryPrimitives.ReadUInt16BigEndian(span[2..]), 4 + KeyBytes);
            length = length < 126 ? -1 : length;
        }
        else if (length == 127)
        {
            return false;
        }

        if (length < 0 || length > options.MaxMessageBytes || span.Length < start + length)
        {
            return false;
        }

        var payload = bytes.Slice(start, length);
        Mask.Apply(payload.Span, MemoryMarshal.Read<uint>(span[(start - KeyBytes)..]));
        count = start + length;
        received = Utf8.IsValid(payload.Span) ? new Received(ReceivedKind.Text, payload) : Fail(ReadError.BadUtf8);
        return true;
    }

    private ReadError? TakeHeader(byte next)
    {
        switch (_part)
        {
            case Part.First:
                (_opcode, _isFinal, _part) = ((Opcode)(next & 0x0f), (next & Final) != 0, Part.Second);
                return _isFollowing ? null : BeginFrame(next & Reserved);
            case Part.Second:
                BeginLength(next);
                return EndLength(
                    !_isMasked ? ReadError.NotMasked : IsControl && (next & ~Masked) > MaxControlBytes ? ReadError.LongControl : CheckLength());
            case Part.Length:
                _left = (_left << 8) | next;
                _headerLeft--;
                return EndLength(CheckLength());
            default:
                _key = (_key << 8) | next;
                if (--_headerLeft == 0)
                {
                    (_key, _part) = (Mask.FromBytes(_key), Part.Payload);
                }

                return null;
        }
    }

    private ReadError? BeginFrame(int reserved)
    {
        var begins = _opcode is Opcode.Text or Opcode.Binary;
        if (reserved != 0 && !(reserved == Compressed && begins && options.Deflate))
        {
            return ReadError.ReservedBits;
        }

        if (!begins)
        {
            return _opcode switch
            {
                Opcode.Continuation => _isInMessage ? null : ReadError.NoMessage,
                Opcode.Close or Opcode.Ping or Opcode.Pong => _isFinal ? null : ReadError.FragmentedControl,
                _ => ReadError.UnknownOpcode,
            };
        }

        if (_isInMessage || (_opcode == Opcode.Binary && !options.Binary))
        {
            return _isInMessage ? ReadError.UnfinishedMessage : ReadError.NotText;
        }

        (_isInMessage, _isText) = (true, _opcode == Opcode.Text);
        _inflater = reserved == 0 ? null : Inflater.Rent();
        return null;
    }

    private void BeginLength(byte next)
    {
        _isMasked = next >= Masked;
        var length = next & ~Masked;
        (_headerLeft, _shortest) = length switch { 126 => (2, 126UL), 127 => (8, 65_536UL), _ => (0, 0UL) };
        (_left, _part) = (_headerLeft == 0 ? (ulong)length : 0, Part.Length);
    }

    private ReadError? EndLength(ReadError? error)
    {
        if (_headerLeft == 0)
        {
            (_headerLeft, _key, _part) = _isMasked ? (KeyBytes, 0U, Part.Key) : (0, 0U, Part.Payload);

            // Nobody knows where the next frame begins.
            _isOver |= _left > long.MaxValue;
        }

        return _isFollowing ? null : error;
    }

    /// <summary>Whether the length, as far as it has come, can still be right.</summary>
    private ReadError? CheckLength()
    {
        if (_headerLeft >= sizeof(ulong))
        {
            return null;
        }

        var open = 8 * _headerLeft;
        var least = _left << open;
        if (least > long.MaxValue || (least | ((1UL << open) - 1)) < _shortest)
        {
            return least > long.MaxValue ? ReadError.NegativeLength : ReadError.NotShortest;
        }

        var place = _inflater is null ? options.MaxMessageBytes - _length : options.MaxDeflatedBytes - _deflated;
        return !IsControl && least > (ulong)place ? ReadError.TooBig : null;
    }

    private Received TakePayload(Memory<byte> piece)
    {
        _left -= (ulong)piece.Length;
        if (_isFollowing)
        {
            if (_left > 0)
            {
                return default;
            }

            _part = Part.First;
            _isOver = _opcode == Opcode.Close;
            return _isOver ? new Received(ReceivedKind.Close, default, CloseCodes.None) : default;
        }

        Mask.Apply(piece.Span, _key);
        _key = Mask.Turn(_key, piece.Length);
        return IsControl ? TakeControl(piece) : TakeData(piece);
    }

    private Received TakeControl(Memory<byte> piece)
    {
        if (_controlLength > 0 || _left > 0)
        {
            _control ??= new byte[MaxControlBytes];
            piece.CopyTo(_control.AsMemory(_controlLength));
            _controlLength += piece.Length;
            piece = _control.AsMemory(0, _controlLength);
        }

        if (_opcode == Opcode.Close && CheckClose(piece.Span) is { } error)
        {
            // The frame's end is still to be seen: it was a Close frame, if a bad one.
            return Fail(error);
        }

        if (_left > 0)
        {
            return default;
        }

        (_part, _controlLength) = (Part.First, 0);
        if (_opcode != Opcode.Close)
        {
            return new Received(_opcode == Opcode.Ping ? ReceivedKind.Ping : ReceivedKind.Pong, piece);
        }

        Dispose();
        return piece.IsEmpty
            ? new Received(ReceivedKind.Close, piece, CloseCodes.None)
            : new Received(ReceivedKind.Close, piece[2..], BinaryPrimitives.ReadUInt16BigEndian(piece.Span));
    }

    /// <summary>Whether a Close frame, as far as it has come, can still be right.</summary>
    private ReadError? CheckClose(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 2)
        {
            return payload.Length == 1 && _left == 0 ? ReadError.HalfCloseCode : null;
        }

        if (!CloseCodes.MayBeSent(BinaryPrimitives.ReadUInt16BigEndian(payload)))
        {
            return ReadError.BadCloseCode;
        }

        var reason = payload[2..];
        var whole = Utf8Prefix.Check(reason);
        return whole < 0 || (_left == 0 && whole < reason.Length) ? ReadError.BadUtf8 : null;
    }

    private Received TakeData(Memory<byte> piece)
    {
        if (_inflater is null && _length == 0 && _left == 0 && _isFinal)
        {
            (_part, _isInMessage) = (Part.First, false);
            return _isText && !Utf8.IsValid(piece.Span) ? Fail(ReadError.BadUtf8) : Message(piece);
        }

        if ((Keep(piece.Span) ?? CheckText()) is { } error)
        {
            return Fail(error);
        }

        if (_left > 0)
        {
            return default;
        }

        _part = Part.First;
        if (!_isFinal)
        {
            return new Received(ReceivedKind.Fragment);
        }

        if (_inflater?.TryFinish(_message, ref _length) == false)
        {
            return Fail(ReadError.CutDeflate);
        }

        if (_isText && _checked < _length)
        {
            return Fail(ReadError.BadUtf8);
        }

        (_isInMessage, _isHandedOut) = (false, true);
        return Message(_message.AsMemory(0, _length));
    }

    private Received Message(Memory<byte> payload) => new(_isText ? ReceivedKind.Text : ReceivedKind.Binary, payload);

    private ReadError? CheckText()
    {
        if (!_isText)
        {
            return null;
        }

        var whole = Utf8Prefix.Check(_message.AsSpan(_checked, _length - _checked));
        _checked += whole;
        return whole < 0 ? ReadError.BadUtf8 : null;
    }

    private ReadError? Keep(ReadOnlySpan<byte> piece)
    {
        if (_inflater is not null)
        {
            _deflated += piece.Length;
            return Inflate(_inflater, piece);
        }

        if (_length + piece.Length > _message.Length)
        {
            Grow(_length + piece.Length);
        }

        piece.CopyTo(_message.AsSpan(_length));
        _length += piece.Length;
        return null;
    }

    private ReadError? Inflate(Inflater inflater, ReadOnlySpan<byte> piece)
    {
        while (true)
        {
            switch (inflater.Inflate(ref piece, _message.AsSpan(0, Math.Min(_message.Length, options.MaxMessageBytes)), ref _length))
            {
                case InflateResult.NeedsInput:
                    return null;
                case InflateResult.NeedsOutput when _length < options.MaxMessageBytes:
                    Grow((int)Math.Min(2L * _message.Length, options.MaxMessageBytes));
                    break;
                case InflateResult.NeedsOutput:
                    return ReadError.TooBig;
                default:
                    return ReadError.BadDeflate;
            }
        }
    }

    private void Grow(int bytes)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(bytes, MinBufferBytes));
        _message.AsSpan(0, _length).CopyTo(larger);
        GiveBack();
        _message = larger;
    }

    private Received Fail(ReadError error)
    {
        Follow();
        return new Received(ReceivedKind.Error, Error: error);
    }

    private void Forget()
    {
        GiveBack();
        _inflater?.Return();
        (_inflater, _message, _length, _checked, _deflated, _isHandedOut) = (null, [], 0, 0, 0, false);
        _held.LetGo();
    }

    private void GiveBack()
    {
        if (_message.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_message);
        }
    }
}
