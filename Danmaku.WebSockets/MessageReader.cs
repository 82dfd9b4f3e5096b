using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Danmaku.WebSockets;

/// <summary>
/// Reads what one client sends (RFC 6455, and RFC 7692 where that was agreed on): takes bytes in pieces of any size and returns whole messages and
/// control frames. It reports an error at the first invalid byte.
/// </summary>
/// <remarks>
/// Not thread-safe; it has one owner, who calls <see cref="Read"/> until it returns nothing more. A message that arrives whole and uncompressed is read in
/// place; every other one needs a buffer, which grows with the bytes that have arrived, never with an announced length. An idle client needs no buffer.
/// After an error, and after the owner has sent a Close frame, the reader only looks for the client's Close frame, so that the server closes the connection
/// after both Close frames and no sooner (RFC 6455 §7.1.1).
/// </remarks>
public sealed class MessageReader(ReaderOptions options) : IDisposable
{
    private const int Reserved = 0x70;
    private const int Compressed = 0x40;

    private HeldMemory _held = new(options.Memory);

    private FrameHeader _header;
    private PartialMessage _message = new(options);
    private bool _isInMessage;

    /// <summary>The part of a control frame that has arrived, if it comes in pieces.</summary>
    private byte[]? _control;
    private int _controlLength;

    /// <summary>The caller uses the message until the next call.</summary>
    private bool _isHandedOut;
    private bool _isFollowing;

    /// <summary>All further bytes are ignored.</summary>
    private bool _isOver;

    /// <summary>Reads until a message or control frame is complete, or all bytes are taken.</summary>
    /// <param name="bytes">The bytes that have arrived; their content is changed.</param>
    /// <param name="count">How many of them were taken. The rest must be passed again.</param>
    public Received Read(Memory<byte> bytes, out int count)
    {
        Release();
        if (TryReadWhole(bytes, out var received, out count))
        {
            return received;
        }

        while (!_isOver && (count < bytes.Length || (_header.Part == FramePart.Payload && _header.Left == 0)))
        {
            received = _header.Part == FramePart.Payload ? TakePayload(bytes, ref count) : TakeHeader(bytes.Span, ref count);
            if (received.Kind != ReceivedKind.Nothing)
            {
                return received;
            }
        }

        if (_isOver)
        {
            count = bytes.Length;
        }

        return _held.TryHold(_message.Kept) ? default : Fail(ReadError.NoMemory);
    }

    /// <summary>Ends the use of the last message, as the next call of <see cref="Read"/> does.</summary>
    public void Release()
    {
        if (_isHandedOut)
        {
            Forget();
        }
    }

    /// <summary>Ignores everything but the client's Close frame from now on. Safe to repeat.</summary>
    public void Follow()
    {
        if (!_isFollowing)
        {
            _isFollowing = true;
            Forget();
        }
    }

    /// <summary>Releases all memory.</summary>
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
        if (_header.Part != FramePart.First || _isInMessage || _isFollowing || span.Length < 2 + FrameHeader.KeyBytes
            || span[0] != (FrameHeader.Final | (byte)Opcode.Text))
        {
            return false;
        }

        // Negative when it is not masked.
        var (length, start) = (span[1] - FrameHeader.Masked, 2 + FrameHeader.KeyBytes);
        if (length == 126)
        {
            (length, start) = (BinaryPrimitives.ReadUInt16BigEndian(span[2..]), 4 + FrameHeader.KeyBytes);
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
        Mask.Apply(payload.Span, MemoryMarshal.Read<uint>(span[(start - FrameHeader.KeyBytes)..]));
        count = start + length;
        received = Utf8.IsValid(payload.Span) ? new Received(ReceivedKind.Text, payload) : Fail(ReadError.BadUtf8);
        return true;
    }

    private Received TakeHeader(ReadOnlySpan<byte> bytes, ref int count)
    {
        while (count < bytes.Length && _header.Part != FramePart.Payload && !_isOver)
        {
            if (TakeHeader(bytes[count++]) is { } error)
            {
                return Fail(error);
            }
        }

        return default;
    }

    private ReadError? TakeHeader(byte next)
    {
        switch (_header.Part)
        {
            case FramePart.First:
                _header.Begin(next);
                return _isFollowing ? null : BeginFrame(next & Reserved);

            case FramePart.Key:
                _header.TakeKey(next);
                return null;

            default:
                _header.TakeLength(next);
                var error = _isFollowing ? null : CheckLength();

                // After an impossible length the start of the next frame is unknown.
                _isOver |= _header.TryEndLength() && _header.Left > long.MaxValue;
                return error;
        }
    }

    private ReadError? BeginFrame(int reserved)
    {
        var begins = _header.Opcode is Opcode.Text or Opcode.Binary;
        if (reserved != 0 && !(reserved == Compressed && begins && options.Deflate))
        {
            return ReadError.ReservedBits;
        }

        if (!begins)
        {
            return _header.Opcode switch
            {
                Opcode.Continuation => _isInMessage ? null : ReadError.NoMessage,
                Opcode.Close or Opcode.Ping or Opcode.Pong => _header.IsFinal ? null : ReadError.FragmentedControl,
                _ => ReadError.UnknownOpcode,
            };
        }

        if (_isInMessage || (_header.Opcode == Opcode.Binary && !options.Binary))
        {
            return _isInMessage ? ReadError.UnfinishedMessage : ReadError.NotText;
        }

        _isInMessage = true;
        _message.Begin(_header.Opcode == Opcode.Text, isDeflated: reserved != 0);
        return null;
    }

    private ReadError? CheckLength() =>
        _header.CheckLength() ?? (!_header.IsControl && _header.Least > (ulong)_message.Place ? ReadError.TooBig : null);

    private Received TakePayload(Memory<byte> bytes, ref int count)
    {
        var piece = bytes.Slice(count, (int)Math.Min(_header.Left, (ulong)(bytes.Length - count)));
        count += piece.Length;
        var key = _header.Key;
        _header.TakePayload(piece.Length);
        if (!_isFollowing)
        {
            Mask.Apply(piece.Span, key);
            return _header.IsControl ? TakeControl(piece) : TakeData(piece);
        }

        if (_header.Left > 0)
        {
            return default;
        }

        _header.End();
        _isOver = _header.Opcode == Opcode.Close;
        return _isOver ? new Received(ReceivedKind.Close, default, CloseCodes.None) : default;
    }

    private Received TakeControl(Memory<byte> piece)
    {
        if (_controlLength > 0 || _header.Left > 0)
        {
            _control ??= new byte[FrameHeader.MaxControlBytes];
            piece.CopyTo(_control.AsMemory(_controlLength));
            _controlLength += piece.Length;
            piece = _control.AsMemory(0, _controlLength);
        }

        if (_header.Opcode == Opcode.Close && CheckClose(piece.Span) is { } error)
        {
            // The reader still follows the frame to its end: it is a Close frame, although an invalid one.
            return Fail(error);
        }

        if (_header.Left > 0)
        {
            return default;
        }

        _header.End();
        _controlLength = 0;
        if (_header.Opcode != Opcode.Close)
        {
            return new Received(_header.Opcode == Opcode.Ping ? ReceivedKind.Ping : ReceivedKind.Pong, piece);
        }

        Dispose();
        return piece.IsEmpty
            ? new Received(ReceivedKind.Close, piece, CloseCodes.None)
            : new Received(ReceivedKind.Close, piece[2..], BinaryPrimitives.ReadUInt16BigEndian(piece.Span));
    }

    /// <summary>Checks the part of a Close frame that has arrived.</summary>
    private ReadError? CheckClose(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 2)
        {
            return payload.Length == 1 && _header.Left == 0 ? ReadError.HalfCloseCode : null;
        }

        if (!CloseCodes.MayBeSent(BinaryPrimitives.ReadUInt16BigEndian(payload)))
        {
            return ReadError.BadCloseCode;
        }

        var reason = payload[2..];
        var whole = Utf8Prefix.Check(reason);
        return whole < 0 || (_header.Left == 0 && whole < reason.Length) ? ReadError.BadUtf8 : null;
    }

    private Received TakeData(Memory<byte> piece)
    {
        if (!_message.IsDeflated && _message.IsEmpty && _header.Left == 0 && _header.IsFinal)
        {
            _header.End();
            _isInMessage = false;
            return _message.IsText && !Utf8.IsValid(piece.Span) ? Fail(ReadError.BadUtf8) : Message(piece);
        }

        if (_message.Add(piece.Span) is { } wrong)
        {
            return Fail(wrong);
        }

        if (_header.Left > 0)
        {
            return default;
        }

        _header.End();
        if (!_header.IsFinal)
        {
            return new Received(ReceivedKind.Fragment);
        }

        if (_message.Finish() is { } error)
        {
            return Fail(error);
        }

        (_isInMessage, _isHandedOut) = (false, true);
        return Message(_message.Bytes);
    }

    private Received Message(Memory<byte> payload) => new(_message.IsText ? ReceivedKind.Text : ReceivedKind.Binary, payload);

    private Received Fail(ReadError error)
    {
        Follow();
        return new Received(ReceivedKind.Error, Error: error);
    }

    private void Forget()
    {
        _message.Forget();
        _isHandedOut = false;
        _held.LetGo();
    }
}
