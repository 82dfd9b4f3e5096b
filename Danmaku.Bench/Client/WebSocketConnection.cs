using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Danmaku.Bench.Client;

/// <summary>What a connection's owner hears; one call at a time.</summary>
public interface IConnectionListener
{
    /// <param name="message">Valid during the call only.</param>
    /// <exception cref="InvalidDataException">The message is not as it should be; ends the connection.</exception>
    void OnText(ReadOnlySpan<byte> message);
}

/// <summary>A WebSocket client's end that costs little: callbacks instead of tasks, and nothing allocated for a message.</summary>
/// <remarks>
/// ClientWebSocket took 1.6 times the CPU for the same small messages, and where both share a machine that is taken from the
/// servers. Plain ws:// only. Sending is thread-safe and never waits: who does not read what little we send is disconnected.
/// </remarks>
public sealed class WebSocketConnection : IDisposable
{
    private const int InitialBufferBytes = 4096;

    /// <summary>A buffer grows to this when reads fill it, and beyond only for a frame that needs it.</summary>
    private const int ComfortableBufferBytes = 256 * 1024;

    private const int MaxSentBytes = 4096;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly SocketAsyncEventArgs _receiving = new(true);
    private readonly Lock _sending = new();
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IConnectionListener? _listener;
    private byte[] _buffer = [];
    private int _begin;
    private int _end;
    private ArrayBufferWriter<byte>? _fragments;
    private bool _isClosing;
    private volatile bool _isPaused;
    private bool _isHeld;

    private WebSocketConnection()
    {
    }

    /// <summary>Bytes of frames received, headers and control frames included.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>Done when the connection is over; says how it ended.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>Whether it ended before <see cref="CloseAsync"/>.</summary>
    public bool IsDisconnected => Ended.IsCompleted && !_isClosing;

    /// <param name="receiveBufferBytes">What the system holds for us; by default what it likes.</param>
    /// <exception cref="InvalidDataException">The server refuses the handshake.</exception>
    /// <exception cref="SocketException">Nobody is there.</exception>
    public static async Task<WebSocketConnection> OpenAsync(
        Uri url, string? subprotocol, IConnectionListener listener, CancellationToken cancellation, int? receiveBufferBytes = null)
    {
        var connection = new WebSocketConnection { _listener = listener };
        try
        {
            if (receiveBufferBytes is { } bytes)
            {
                connection._socket.ReceiveBufferSize = bytes;
            }

            await connection._socket.ConnectAsync(url.Host, url.Port, cancellation);
            connection.Begin(await Handshake.RunAsync(connection._socket, url, subprotocol, cancellation));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sends one text message of at most 4096 bytes, as the protocol has it.</summary>
    public void SendText(ReadOnlySpan<byte> message) => Send(Opcode.Text, message);

    /// <summary>Says goodbye and waits for the answer, but not long.</summary>
    public async Task CloseAsync(TimeSpan patience, TimeProvider time)
    {
        if (Ended.IsCompleted)
        {
            return;
        }

        _isClosing = true;
        Span<byte> normalClosure = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(normalClosure, 1000);
        Send(Opcode.Close, normalClosure);
        await Task.WhenAny(Ended, Task.Delay(patience, time));
        End("closed");
    }

    /// <summary>Stops reading, as a client does that is busy or gone. At most one more buffer is read.</summary>
    public void Pause() => _isPaused = true;

    /// <summary>Reads on, on this thread to begin with.</summary>
    public void Resume()
    {
        lock (_receiving)
        {
            _isPaused = false;
            if (!_isHeld)
            {
                return;
            }

            _isHeld = false;
        }

        Receive();
    }

    /// <summary>Ends it at once with a TCP reset, and not a word.</summary>
    public void Abort()
    {
        try
        {
            _socket.LingerState = new LingerOption(enable: true, 0);
        }
        catch (Exception over) when (over is ObjectDisposedException or SocketException)
        {
            // It has ended by itself.
        }

        End("aborted");
    }

    public void Dispose()
    {
        End("disposed");
        _receiving.Dispose();
    }

    private void Begin(byte[] received)
    {
        _socket.Blocking = false;
        _buffer = new byte[Math.Max(InitialBufferBytes, received.Length)];
        received.CopyTo(_buffer, 0);
        _end = received.Length;
        ReceivedBytes = received.Length;
        _receiving.Completed += (_, _) =>
        {
            if (OnReceived())
            {
                Receive();
            }
        };
        if (OnBytes())
        {
            Receive();
        }
    }

    private void Receive()
    {
        try
        {
            do
            {
                if (_isPaused && IsHeld())
                {
                    return;
                }

                _receiving.SetBuffer(_buffer, _end, _buffer.Length - _end);
            }
            while (!_socket.ReceiveAsync(_receiving) && OnReceived());
        }
        catch (ObjectDisposedException)
        {
            End("closed");
        }
    }

    /// <summary>Whether <see cref="Resume"/> is to go on from here.</summary>
    private bool IsHeld()
    {
        lock (_receiving)
        {
            return _isHeld = _isPaused;
        }
    }

    private bool OnReceived()
    {
        if (_receiving.SocketError != SocketError.Success || _receiving.BytesTransferred == 0)
        {
            End(_receiving.SocketError == SocketError.Success ? "no Close frame (1006)" : $"{_receiving.SocketError}");
            return false;
        }

        _end += _receiving.BytesTransferred;
        ReceivedBytes += _receiving.BytesTransferred;
        return OnBytes();
    }

    private bool OnBytes()
    {
        try
        {
            var wanted = 0;
            while (WebSocketFrame.TryReadHeader(_buffer.AsSpan(_begin, _end - _begin), out var frame))
            {
                if (_end - _begin < frame.TotalBytes)
                {
                    wanted = frame.TotalBytes;
                    break;
                }

                OnFrame(frame, _buffer.AsSpan(_begin + frame.HeaderBytes, frame.PayloadBytes));
                _begin += frame.TotalBytes;
            }

            MakeRoom(wanted);
            return !Ended.IsCompleted;
        }
        catch (InvalidDataException violation)
        {
            End(violation.Message);
            return false;
        }
    }

    private void OnFrame(WebSocketFrame frame, ReadOnlySpan<byte> payload)
    {
        switch (frame.Opcode)
        {
            case Opcode.Text when frame.IsFinal && _fragments is null:
                _listener!.OnText(payload);
                break;
            case Opcode.Text when _fragments is null:
            case Opcode.Continuation when _fragments is not null:
                OnFragment(frame.IsFinal, payload);
                break;
            case Opcode.Ping:
                Send(Opcode.Pong, payload);
                break;
            case Opcode.Pong:
                break;
            case Opcode.Close:
                OnClose(payload);
                break;
            default:
                throw new InvalidDataException($"a WebSocket frame that is out of place ({frame.Opcode})");
        }
    }

    private void OnFragment(bool isFinal, ReadOnlySpan<byte> payload)
    {
        _fragments ??= new ArrayBufferWriter<byte>();
        _fragments.Write(payload);
        if (_fragments.WrittenCount > WebSocketFrame.MaxPayloadBytes)
        {
            throw new InvalidDataException($"a message of more than {WebSocketFrame.MaxPayloadBytes} bytes");
        }

        if (isFinal)
        {
            var message = _fragments;
            _fragments = null;
            _listener!.OnText(message.WrittenSpan);
        }
    }

    private void OnClose(ReadOnlySpan<byte> payload)
    {
        if (!_isClosing)
        {
            Send(Opcode.Close, payload);
        }

        End(payload.Length < 2
            ? "closed without a code (1005)"
            : $"{BinaryPrimitives.ReadUInt16BigEndian(payload)} {Encoding.UTF8.GetString(payload[2..])}");
    }

    /// <param name="wanted">The length of the frame whose beginning is here; 0 when even that is unknown.</param>
    private void MakeRoom(int wanted)
    {
        var isFull = _end == _buffer.Length;
        var size = isFull && _buffer.Length < ComfortableBufferBytes ? _buffer.Length * 2 : _buffer.Length;
        size = Math.Max(size, wanted);
        var target = size > _buffer.Length ? new byte[size] : _buffer;
        if (_begin > 0 || target != _buffer)
        {
            _buffer.AsSpan(_begin, _end - _begin).CopyTo(target);
            (_buffer, _begin, _end) = (target, 0, _end - _begin);
        }
    }

    private void Send(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, MaxSentBytes);
        Span<byte> mask = stackalloc byte[4];
        RandomNumberGenerator.Fill(mask);
        Span<byte> frame = stackalloc byte[WebSocketFrame.MaxClientHeaderBytes + payload.Length];
        frame = frame[..WebSocketFrame.Write(frame, opcode, payload, mask)];
        try
        {
            lock (_sending)
            {
                if (_socket.Send(frame, SocketFlags.None, out var error) != frame.Length)
                {
                    End(error is SocketError.Success or SocketError.WouldBlock ? "the server does not read" : $"{error}");
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // It ended meanwhile, and said why.
        }
    }

    private void End(string how)
    {
        _ended.TrySetResult(how);
        _socket.Dispose();
    }
}
