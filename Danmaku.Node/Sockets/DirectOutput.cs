using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Danmaku.Node.Sockets;

/// <summary>
/// Stands between the HTTP server and its connection. A WebSocket takes the connection's way out over: its frames then go straight to
/// the operating system, without the server's pipe and the thread behind it, which cost more than the system call (docs/decisions/0010).
/// </summary>
/// <remarks>
/// Taken over before the server writes its 101, so that this goes the same way and nothing can overtake it. That asks for a connection on
/// which nothing was written before, since what the pipe has taken may still be on its way; and for one without TLS, which is made of
/// records. Others keep the server's way.
/// </remarks>
internal sealed class DirectOutput(PipeWriter server, Socket socket) : PipeWriter
{
    private ArrayBufferWriter<byte>? _head;
    private bool _wasUsed;

    private PipeWriter Server
    {
        get
        {
            _wasUsed = true;
            return server;
        }
    }

    /// <summary>Connection middleware of the server.</summary>
    public static async Task UseAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (!SocketOutput.IsSupported || connection.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket)
        {
            await next(connection);
            return;
        }

        var transport = connection.Transport;
        var output = new DirectOutput(transport.Output, socket);
        connection.Transport = new Duplex(transport.Input, output);
        connection.Features.Set(output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    }

    /// <summary>From now on everything that the server and the returned stream write goes straight to the system, in the order of the calls.</summary>
    /// <returns>Null when it is too late for that.</returns>
    public Stream? TryTakeOver()
    {
        if (_wasUsed)
        {
            return null;
        }

        _head = new ArrayBufferWriter<byte>(256);
        return new SocketOutput(socket);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _head?.GetMemory(sizeHint) ?? Server.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _head is { } head ? head.GetSpan(sizeHint) : Server.GetSpan(sizeHint);

    public override void Advance(int bytes)
    {
        if (_head is { } head)
        {
            head.Advance(bytes);
        }
        else
        {
            Server.Advance(bytes);
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        _head is { } head ? FlushHeadAsync(head) : server.FlushAsync(cancellationToken);

    public override bool CanGetUnflushedBytes => server.CanGetUnflushedBytes;

    public override long UnflushedBytes => server.UnflushedBytes + (_head?.WrittenCount ?? 0);

    public override void CancelPendingFlush() => server.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => server.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => server.CompleteAsync(exception);

    private async ValueTask<FlushResult> FlushHeadAsync(ArrayBufferWriter<byte> head)
    {
        if (head.WrittenCount > 0)
        {
            await SocketOutput.SendAsync(socket, head.WrittenMemory, CancellationToken.None);
            _head = new ArrayBufferWriter<byte>();
        }

        return new FlushResult(isCanceled: false, isCompleted: false);
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
