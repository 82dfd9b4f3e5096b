using System.Buffers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Threading.Channels;

namespace Danmaku.Chaos.Viewers;

/// <summary>One connection of a <see cref="ChaosViewer"/>: .NET's own WebSocket client, over a TCP connection that the viewer can mistreat.</summary>
internal sealed class ViewerSession : IDisposable
{
    private const string Subprotocol = "danmaku.v1.json";

    /// <summary>Of a client that does not read: the less its system takes for it, the sooner the server feels it.</summary>
    private const int ReceiveBufferBytes = 4096;

    private const int MaxMessageBytes = 16 * 1024 * 1024;

    /// <summary>Messages that wait because the server does not read. One more ends the connection.</summary>
    private const int MaxUnsent = 64;

    /// <summary>A <c>welcome</c> waits for the room's origin, so this outlasts the loss of one.</summary>
    private static readonly TimeSpan WelcomePatience = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _welcomed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<byte[]> _unsent = Channel.CreateBounded<byte[]>(MaxUnsent);
    private readonly Socket _tcp = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = ReceiveBufferBytes };
    private readonly ClientWebSocket _socket = new();
    private readonly SocketsHttpHandler _handler;
    private readonly ChaosViewer _viewer;
    private readonly TimeProvider _time;
    private volatile TaskCompletionSource? _paused;
    private long _heardAt;

    private ViewerSession(ChaosViewer viewer, Uri url, TimeProvider time)
    {
        (_viewer, _time, _heardAt, Edge) = (viewer, time, time.GetTimestamp(), url.Authority);
        _socket.Options.AddSubProtocol(Subprotocol);
        _socket.Options.KeepAliveInterval = TimeSpan.Zero;
        _handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, cancellation) =>
            {
                await _tcp.ConnectAsync(context.DnsEndPoint, cancellation);
                return new HeardStream(_tcp, () => Volatile.Write(ref _heardAt, _time.GetTimestamp()));
            },
        };
    }

    public string Edge { get; }

    /// <summary>It was told to move. Guarded by the viewer.</summary>
    public bool IsToMove { get; set; }

    /// <summary>Where it was told to move to; null when any edge will do. Guarded by the viewer.</summary>
    public Uri? MoveTo { get; set; }

    /// <summary>Whether the viewer has given it up. Guarded by the viewer.</summary>
    public bool IsOver { get; set; }

    /// <summary>Done when the connection is over; says how it ended.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>False while it is too busy to.</summary>
    public bool IsReading => _paused is null;

    /// <exception cref="WebSocketException">Nobody is there, or the server refuses.</exception>
    public static async Task<ViewerSession> OpenAsync(ChaosViewer viewer, Uri url, byte[] join, TimeProvider time, CancellationToken cancellation)
    {
        var session = new ViewerSession(viewer, url, time);
        try
        {
            using (var http = new HttpMessageInvoker(session._handler, disposeHandler: false))
            {
                await session._socket.ConnectAsync(url, http, cancellation);
            }

            if (session._socket.SubProtocol != Subprotocol)
            {
                throw new WebSocketException($"{url} does not speak {Subprotocol}");
            }

            session.Send(join);
            _ = session.ReadAsync(session.WriteAsync());
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public async Task WelcomedAsync(CancellationToken cancellation)
    {
        if (await Task.WhenAny(_welcomed.Task, Ended).WaitAsync(WelcomePatience, _time, cancellation) != _welcomed.Task)
        {
            throw new InvalidDataException(await Ended);
        }
    }

    public void Welcomed() => _welcomed.TrySetResult();

    /// <summary>Sends a text message. Never waits.</summary>
    public void Send(byte[] message)
    {
        if (!_unsent.Writer.TryWrite(message))
        {
            End("the server does not read");
        }
    }

    /// <summary>Stops reading, as a client does that is busy or gone. At most one more buffer is read.</summary>
    public void Pause() => _paused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Resume()
    {
        Volatile.Write(ref _heardAt, _time.GetTimestamp());
        var paused = _paused;
        _paused = null;
        paused?.TrySetResult();
    }

    /// <summary>How long nothing came, not even a heartbeat, while it read.</summary>
    public TimeSpan SilentFor() => IsReading ? _time.GetElapsedTime(Volatile.Read(ref _heardAt)) : TimeSpan.Zero;

    /// <summary>Says goodbye and waits for the answer, but not long.</summary>
    public async Task CloseAsync()
    {
        _unsent.Writer.TryComplete();
        await Task.WhenAny(Ended, Task.Delay(ClosePatience, _time));
        End("closed");
    }

    /// <summary>Ends it at once, and not a word.</summary>
    /// <param name="isReset">By a TCP reset.</param>
    public void Vanish(bool isReset)
    {
        try
        {
            _tcp.LingerState = new LingerOption(isReset, 0);
        }
        catch (Exception over) when (over is ObjectDisposedException or SocketException)
        {
            // It has ended by itself.
        }

        End("gone");
    }

    public void Dispose() => End("disposed");

    /// <param name="writing">Done when our goodbye is said.</param>
    private async Task ReadAsync(Task writing)
    {
        try
        {
            var message = new ArrayBufferWriter<byte>(ReceiveBufferBytes);
            while (await ReadAsync(message))
            {
            }

            _unsent.Writer.TryComplete();
            await Task.WhenAny(writing, Task.Delay(ClosePatience, _time));
            End($"{(int?)_socket.CloseStatus ?? 1005} {_socket.CloseStatusDescription}");
        }
        catch (InvalidDataException violation)
        {
            End(violation.Message);
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            End($"no Close frame (1006): {error.Message}");
        }
    }

    /// <returns>False when the server has said goodbye.</returns>
    private async Task<bool> ReadAsync(ArrayBufferWriter<byte> message)
    {
        if (_paused is { } paused)
        {
            await paused.Task;
        }

        var piece = await _socket.ReceiveAsync(message.GetMemory(), CancellationToken.None);
        message.Advance(piece.Count);
        if (piece.MessageType == WebSocketMessageType.Close)
        {
            return false;
        }

        if (piece.MessageType != WebSocketMessageType.Text || message.WrittenCount > MaxMessageBytes)
        {
            throw new InvalidDataException($"a message that is {piece.MessageType} or of more than {MaxMessageBytes} bytes");
        }

        if (piece.EndOfMessage)
        {
            _viewer.OnText(this, message.WrittenSpan);
            message.ResetWrittenCount();
        }

        return true;
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (var message in _unsent.Reader.ReadAllAsync())
            {
                await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            }

            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception over) when (over is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever reads finds out why.
        }
    }

    private void End(string how)
    {
        _ended.TrySetResult(how);
        _unsent.Writer.TryComplete();
        _paused?.TrySetResult();
        _tcp.Dispose();
        _socket.Dispose();
        _handler.Dispose();
    }

    /// <summary>Tells when something has come, also what the WebSocket client keeps to itself.</summary>
    private sealed class HeardStream(Socket socket, Action heard) : NetworkStream(socket, ownsSocket: true)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await base.ReadAsync(buffer, cancellationToken);
            heard();
            return count;
        }
    }
}
