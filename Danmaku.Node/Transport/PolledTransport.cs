using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Danmaku.Node.Transport;

/// <summary>
/// The HTTP server's connections over TCP on Linux. The server's own transport keeps a pending read, two loops and a thread's turn for each piece that
/// comes; here a <see cref="Poller"/> reads where something has come, and hands a WebSocket its bytes on the spot (docs/decisions/0012).
/// </summary>
internal sealed class PolledTransport(IOptions<KestrelServerOptions> server, IMemoryPoolFactory<byte> pools, ILogger<PolledTransport> logger) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <summary>Connections that the system has accepted and we have not.</summary>
    private const int Backlog = 512;

    /// <summary>How long no connection is accepted when the process has no files left.</summary>
    private static readonly TimeSpan WhenFull = TimeSpan.FromMilliseconds(100);

    private const long ReadAhead = 1024 * 1024;
    private const long WriteBehind = 64 * 1024;

    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket socket;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(error.Message, error);
        }

        socket.Listen(Backlog);
        var limits = server.Value.Limits;
        return new ValueTask<IConnectionListener>(new Listener(
            socket, new PolledPipes(pools.Create(), limits.MaxRequestBufferSize ?? ReadAhead, limits.MaxResponseBufferSize ?? WriteBehind), logger));
    }

    private sealed class Listener(Socket socket, PolledPipes pipes, ILogger logger) : IConnectionListener
    {
        private readonly string _name = Guid.NewGuid().ToString("N")[..8];
        private long _count;

        public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    return Open(await socket.AcceptAsync(cancellationToken));
                }
                catch (ObjectDisposedException)
                {
                    return null;
                }
                catch (SocketException error) when (error.SocketErrorCode is SocketError.OperationAborted)
                {
                    return null;
                }
                catch (SocketException error) when (error.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
                {
                    await Task.Delay(WhenFull, cancellationToken);
                }
                catch (Exception error) when (error is SocketException or IOException)
                {
                    // The client was gone before it was accepted, or the system cannot watch more sockets: it has been closed.
                }
            }
        }

        private PolledConnection Open(Socket accepted)
        {
            try
            {
                accepted.NoDelay = true;
                return new PolledConnection($"{_name}:{++_count:X}", accepted, pipes, logger);
            }
            catch
            {
                accepted.Dispose();
                throw;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            pipes.Pool.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
