using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Numerics;
using System.Text;
using Danmaku.Bench.Client;

namespace Danmaku.Bench.Engine;

/// <summary>What a link's owner hears, on the thread of the loop.</summary>
public interface ILinkOwner
{
    /// <summary>The handshake is done.</summary>
    void OnOpen();

    /// <summary>A whole message arrived.</summary>
    /// <param name="payload">Valid during the call only.</param>
    /// <param name="isDeflated">It is compressed (RFC 7692).</param>
    /// <exception cref="InvalidDataException">It is not as it should be; ends the connection.</exception>
    void OnText(ReadOnlySpan<byte> payload, bool isDeflated);

    /// <summary>The connection is over, once.</summary>
    void OnEnd(string how);
}

/// <summary>A WebSocket client's end in a <see cref="LoadLoop"/>: holds no buffer while nothing is half received or half sent.</summary>
public sealed class Link
{
    /// <summary>More than this of our own waiting for a server that does not read ends the connection.</summary>
    private const int MaxUnsentBytes = 4 * 1024 * 1024;

    /// <summary>A longer message, or frame, is taken for a broken one.</summary>
    public const int MaxMessageBytes = 16 * 1024 * 1024;

    private const int MaxHandshakeBytes = 8192;
    private const byte FinalText = 0x81;
    private const byte DeflatedFinalText = 0xC1;

    private static readonly byte[] NormalClosure = [0x03, 0xE8];

    private readonly LoadLoop _loop;
    private readonly Target _target;
    private readonly ILinkOwner _owner;
    private readonly Socket _socket;
    private readonly int _id;
    private State _state = State.Connecting;
    private byte[] _rest = [];
    private int _restBytes;
    private byte[] _unsent = [];
    private int _unsentBytes;
    private bool _isWatchingWriting = true;
    private ArrayBufferWriter<byte>? _fragments;
    private bool _isDeflatedFragment;
    private bool _isDeflating;
    private bool _isClosing;

    internal Link(LoadLoop loop, Target target, ILinkOwner owner, Socket socket, int id) =>
        (_loop, _target, _owner, _socket, _id) = (loop, target, owner, socket, id);

    private enum State
    {
        Connecting,
        Upgrading,
        Open,
        Ended,
    }

    /// <summary>How much of an unfinished message is here, in bytes.</summary>
    internal int RestBytes => _restBytes;

    public bool IsOpen => _state == State.Open;

    public bool IsEnded => _state == State.Ended;

    /// <summary>Whether it ended before <see cref="Close"/>.</summary>
    public bool IsDisconnected => IsEnded && !_isClosing;

    /// <summary>Puts a text message into the queue of what <see cref="Flush"/> sends.</summary>
    public void Write(ReadOnlySpan<byte> message) => Write(Opcode.Text, message);

    /// <summary>Sends what was written, as far as the system takes it; the rest follows by itself.</summary>
    public void Flush()
    {
        if (_unsentBytes == 0 || IsEnded)
        {
            return;
        }

        var sent = _socket.Send(_unsent.AsSpan(0, _unsentBytes), SocketFlags.None, out var error);
        if (error is not (SocketError.Success or SocketError.WouldBlock))
        {
            End($"{error}");
            return;
        }

        _unsentBytes -= sent;
        if (_unsentBytes > 0)
        {
            _unsent.AsSpan(sent, _unsentBytes).CopyTo(_unsent);
        }

        WatchWriting(_unsentBytes > 0);
        if (_unsentBytes > MaxUnsentBytes)
        {
            End("the server does not read");
        }
    }

    /// <summary>Says goodbye; <see cref="ILinkOwner.OnEnd"/> follows when the server has answered.</summary>
    public void Close()
    {
        if (_state == State.Open)
        {
            _isClosing = true;
            Write(Opcode.Close, NormalClosure);
            Flush();
        }
        else
        {
            Abandon();
        }
    }

    /// <summary>Ends it without a word.</summary>
    public void Abandon()
    {
        _isClosing = true;
        End("closed");
    }

    /// <summary>Ends it because of something that the server did.</summary>
    internal void Fail(string how) => End(how);

    internal void OnWritable()
    {
        if (_state == State.Connecting)
        {
            if (_socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is int and not 0 and var error)
            {
                End($"cannot connect to {_target.Endpoint} ({(SocketError)error})");
                return;
            }

            _state = State.Upgrading;
            Append(_target.Request.Length, _target.Request);
        }

        Flush();
        WatchWriting(_unsentBytes > 0);
    }

    /// <summary>Puts what is left of the last read where the next one is to continue it.</summary>
    internal void TakeRest(Span<byte> destination)
    {
        _rest.AsSpan(0, _restBytes).CopyTo(destination);
        _restBytes = 0;
    }

    internal SocketError Receive(Span<byte> destination, out int length)
    {
        length = _socket.Receive(destination, SocketFlags.None, out var error);
        return error;
    }

    /// <summary>Takes the bytes apart, and keeps what is not whole.</summary>
    /// <returns>The length of the frame whose beginning was kept, as far as that is known.</returns>
    internal int Consume(ReadOnlySpan<byte> bytes)
    {
        var wanted = 0;
        try
        {
            var used = _state == State.Open ? 0 : Upgrade(bytes);
            if (_state == State.Open)
            {
                used += ReadFrames(bytes[used..], out wanted);
            }

            Keep(bytes[used..]);
        }
        catch (InvalidDataException violation)
        {
            End(violation.Message);
        }

        return wanted;
    }

    private int Upgrade(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return bytes.Length < MaxHandshakeBytes ? 0 : throw new InvalidDataException("an endless answer to the handshake");
        }

        _isDeflating = _target.Check(bytes[..end]);
        _state = State.Open;
        _owner.OnOpen();
        return end + 4;
    }

    private int ReadFrames(ReadOnlySpan<byte> bytes, out int wanted)
    {
        var used = 0;
        wanted = 0;
        while (_state == State.Open && bytes.Length - used >= 2)
        {
            var frame = bytes[used..];
            int length = frame[1];
            var header = 2;
            if (length >= 126)
            {
                header = length switch { 126 => 4, 127 => 10, _ => throw new InvalidDataException("a masked WebSocket frame") };
                if (frame.Length < header)
                {
                    break;
                }

                length = LongLength(frame, header);
            }

            if (frame.Length - header < length)
            {
                wanted = header + length;
                break;
            }

            OnFrame(frame[0], frame.Slice(header, length));
            used += header + length;
        }

        return used;
    }

    private static int LongLength(ReadOnlySpan<byte> frame, int header)
    {
        var length = header == 4 ? BinaryPrimitives.ReadUInt16BigEndian(frame[2..]) : BinaryPrimitives.ReadInt64BigEndian(frame[2..]);
        return length is >= 0 and <= MaxMessageBytes ? (int)length : throw new InvalidDataException($"a WebSocket frame of {length} bytes");
    }

    private void OnFrame(byte first, ReadOnlySpan<byte> payload)
    {
        if (first == FinalText)
        {
            _owner.OnText(payload, isDeflated: false);
        }
        else if (first == DeflatedFinalText && _isDeflating)
        {
            _owner.OnText(payload, isDeflated: true);
        }
        else
        {
            OnOtherFrame(first, payload);
        }
    }

    private void OnOtherFrame(byte first, ReadOnlySpan<byte> payload)
    {
        var (opcode, isFinal, isDeflated) = ((Opcode)(first & 0x0f), (first & 0x80) != 0, (first & 0x40) != 0);
        if ((first & 0x30) != 0 || (isDeflated && !(_isDeflating && opcode == Opcode.Text)))
        {
            throw new InvalidDataException("a WebSocket frame with reserved bits");
        }

        switch (opcode)
        {
            case Opcode.Text when _fragments is null:
                (_fragments, _isDeflatedFragment) = (new ArrayBufferWriter<byte>(), isDeflated);
                OnFragment(isFinal, payload);
                break;
            case Opcode.Continuation when _fragments is not null:
                OnFragment(isFinal, payload);
                break;
            case Opcode.Ping:
                Write(Opcode.Pong, payload);
                Flush();
                break;
            case Opcode.Pong:
                break;
            case Opcode.Close:
                OnClose(payload);
                break;
            default:
                throw new InvalidDataException($"a WebSocket frame that is out of place ({opcode})");
        }
    }

    private void OnFragment(bool isFinal, ReadOnlySpan<byte> payload)
    {
        var message = _fragments!;
        message.Write(payload);
        if (message.WrittenCount > MaxMessageBytes)
        {
            throw new InvalidDataException($"a message of more than {MaxMessageBytes} bytes");
        }

        if (isFinal)
        {
            _fragments = null;
            _owner.OnText(message.WrittenSpan, _isDeflatedFragment);
        }
    }

    private void OnClose(ReadOnlySpan<byte> payload)
    {
        if (!_isClosing)
        {
            Write(Opcode.Close, payload);
            Flush();
        }

        End(payload.Length < 2
            ? "closed without a code (1005)"
            : $"{BinaryPrimitives.ReadUInt16BigEndian(payload)} {Encoding.UTF8.GetString(payload[2..])}");
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _rest.Length)
        {
            _rest = new byte[BitOperations.RoundUpToPowerOf2((uint)bytes.Length)];
        }

        bytes.CopyTo(_rest);
        _restBytes = bytes.Length;
    }

    private void Write(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        if (!IsEnded)
        {
            Span<byte> mask = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(mask, _loop.NextMask());
            Append(ClientFrame.MaxHeaderBytes + payload.Length, []);
            _unsentBytes += ClientFrame.Write(_unsent.AsSpan(_unsentBytes), opcode, payload, mask);
        }
    }

    /// <param name="room">Bytes that must fit behind what is there.</param>
    private void Append(int room, ReadOnlySpan<byte> bytes)
    {
        if (_unsent.Length < _unsentBytes + room)
        {
            Array.Resize(ref _unsent, (int)BitOperations.RoundUpToPowerOf2((uint)(_unsentBytes + room)));
        }

        bytes.CopyTo(_unsent.AsSpan(_unsentBytes));
        _unsentBytes += bytes.Length;
    }

    private void WatchWriting(bool isWatched)
    {
        if (_isWatchingWriting != isWatched && !IsEnded)
        {
            _isWatchingWriting = isWatched;
            _loop.WatchWriting(_socket, _id, isWatched);
        }
    }

    private void End(string how)
    {
        if (IsEnded)
        {
            return;
        }

        _state = State.Ended;
        _socket.Dispose();
        _loop.Forget(_id);
        (_rest, _restBytes, _unsent, _unsentBytes) = ([], 0, [], 0);
        _owner.OnEnd(how);
    }
}
