using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>
/// Sits between the HTTP server and its connection. A WebSocket takes the connection over: the request ends with the 101, and the server frees everything that
/// it keeps for a request. Frames then go directly to the operating system, without the server's pipe and its thread, which cost more than the system call
/// (docs/decisions/0010).
/// </summary>
/// <remarks>
/// The connection is taken over before the server writes its 101, so that the 101 goes the same way and nothing can overtake it. That requires a connection on
/// which nothing was written before, because the pipe may still hold it, and one without TLS, which would be between the two. Other connections are served
/// within their request, through the server.
/// </remarks>
internal sealed class ConnectionTakeover : IDuplexPipe, IConnectionHeartbeatFeature
{
    private readonly ConnectionContext _connection;
    private readonly Socket _socket;
    private readonly IDuplexPipe _transport;
    private readonly InputPart _input;
    private readonly OutputPart _output;
    private Func<ClientConnection, Task>? _serve;

    /// <summary>The server's action for this connection every second; none after the takeover.</summary>
    private (Action<object> Action, object State)[] _beats = [];

    private ConnectionTakeover(ConnectionContext connection, Socket socket)
    {
        (_connection, _socket, _transport) = (connection, socket, connection.Transport);
        (_input, _output) = (new InputPart(this, _transport.Input), new OutputPart(this, _transport.Output, socket));
    }

    PipeReader IDuplexPipe.Input => _input;

    PipeWriter IDuplexPipe.Output => _output;

    private bool IsTakenOver => _serve is not null;

    /// <summary>Connection middleware of the server.</summary>
    public static async Task UseAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (!SocketCalls.IsSupported || connection.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket)
        {
            await next(connection);
            return;
        }

        var raw = new ConnectionTakeover(connection, socket);
        try
        {
            raw.Attach();
            await next(connection);
            await raw.ServeAsync();
        }
        finally
        {
            connection.Transport = raw._transport;
        }
    }

    /// <summary>Takes the connection over, if possible: then <paramref name="serve"/> gets it when the request has ended.</summary>
    /// <returns>False when the request must keep it.</returns>
    public bool TryTakeOver(Func<ClientConnection, Task> serve)
    {
        if (IsTakenOver || _output.WasUsed)
        {
            return false;
        }

        _serve = serve;
        return true;
    }

    /// <summary>Cancels <see cref="TryTakeOver"/>: the request failed before its 101.</summary>
    public void GiveBack() => _serve = null;

    void IConnectionHeartbeatFeature.OnHeartbeat(Action<object> action, object state) => _beats = [.. _beats, (action, state)];

    private void Attach()
    {
        _connection.Transport = this;
        _connection.Features.Set(this);
        if (_connection.Features.Get<IConnectionHeartbeatFeature>() is { } heartbeat)
        {
            _connection.Features.Set<IConnectionHeartbeatFeature>(this);
            heartbeat.OnHeartbeat(static raw => ((ConnectionTakeover)raw).Beat(), this);
        }
    }

    private Task ServeAsync()
    {
        _beats = [];
        return _serve?.Invoke(new ClientConnection(Source(), new SocketTarget(_socket), _connection.Abort)) ?? Task.CompletedTask;
    }

    private IByteSource Source() =>
        _connection.Features.Get<IByteSource>() ?? new StreamSource(_transport.Input.AsStream(leaveOpen: true));

    private void Beat()
    {
        foreach (var (action, state) in _beats)
        {
            action(state);
        }
    }

    /// <summary>Prevents the server from ending a connection that was taken over.</summary>
    private sealed class InputPart(ConnectionTakeover raw, PipeReader input) : PipeReader
    {
        public override bool TryRead(out ReadResult result) => input.TryRead(out result);

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => input.ReadAsync(cancellationToken);

        public override void AdvanceTo(SequencePosition consumed) => input.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => input.AdvanceTo(consumed, examined);

        public override void CancelPendingRead()
        {
            if (!raw.IsTakenOver)
            {
                input.CancelPendingRead();
            }
        }

        public override void Complete(Exception? exception = null)
        {
            if (!raw.IsTakenOver)
            {
                input.Complete(exception);
            }
        }
    }

    private sealed class OutputPart(ConnectionTakeover raw, PipeWriter output, Socket socket) : PipeWriter
    {
        private ArrayBufferWriter<byte>? _head;

        public bool WasUsed { get; private set; }

        public override bool CanGetUnflushedBytes => output.CanGetUnflushedBytes;

        public override long UnflushedBytes => output.UnflushedBytes + (_head?.WrittenCount ?? 0);

        public override Memory<byte> GetMemory(int sizeHint = 0) => raw.IsTakenOver ? Head().GetMemory(sizeHint) : output.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => raw.IsTakenOver ? Head().GetSpan(sizeHint) : output.GetSpan(sizeHint);

        public override void Advance(int bytes)
        {
            if (raw.IsTakenOver)
            {
                Head().Advance(bytes);
            }
            else
            {
                WasUsed = true;
                output.Advance(bytes);
            }
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            raw.IsTakenOver ? FlushHeadAsync() : output.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => output.CancelPendingFlush();

        public override void Complete(Exception? exception = null)
        {
            if (!raw.IsTakenOver)
            {
                output.Complete(exception);
            }
        }

        /// <summary>The last bytes that the server writes.</summary>
        private ArrayBufferWriter<byte> Head() => _head ??= new ArrayBufferWriter<byte>(256);

        private async ValueTask<FlushResult> FlushHeadAsync()
        {
            if (_head is { WrittenCount: > 0 } head)
            {
                _head = null;
                try
                {
                    await SocketTarget.SendAsync(socket, head.WrittenMemory);
                }
                catch (IOException)
                {
                    // The client has gone. A pipe reports that without an exception; the server would log one as a bug.
                    return new FlushResult(isCanceled: false, isCompleted: true);
                }
            }

            return new FlushResult(isCanceled: false, isCompleted: false);
        }
    }
}
