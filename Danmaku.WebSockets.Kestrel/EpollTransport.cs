using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>
/// The HTTP server's TCP connections on Linux. The server's own transport has a pending read and two loops for each connection, and a thread's turn for each
/// piece that arrives. Here an <see cref="EventLoop"/> reads the sockets that have received something, and processes a WebSocket's bytes on its own thread
/// (docs/decisions/0012).
/// </summary>
public sealed class EpollTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <summary>
    /// Most connections that the system has accepted and we have not; <c>net.core.somaxconn</c> bounds it, 4096 by default. Beyond that the system ignores new
    /// connections, and a client tries again only after 1, 3, 7, 15 and 31 s.
    /// </summary>
    private const int Backlog = 4096;

    private const long ReadAhead = 1024 * 1024;
    private const long WriteBehind = 64 * 1024;

    private readonly KestrelServerLimits _limits;
    private readonly IMemoryPoolFactory<byte> _pools;
    private readonly ListenerGuard _guard;
    private readonly ILogger _logger;

    public EpollTransport(
        IOptions<KestrelServerOptions> server, IMemoryPoolFactory<byte> pools, ListenerGuard guard, ILogger<EpollTransport> logger) =>
        (_limits, _pools, _guard, _logger) = (server.Value.Limits, pools, guard, logger);

    /// <summary>Whether this system is Linux.</summary>
    public static bool IsSupported => Epoll.IsSupported;

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
        var pipes = new EpollPipes(_pools.Create(), _limits.MaxRequestBufferSize ?? ReadAhead, _limits.MaxResponseBufferSize ?? WriteBehind);
        var listener = new EpollListener(socket, pipes, _guard, _logger);
        _guard.Listens(listener.EndPoint, () => listener.IsAccepting);
        return new ValueTask<IConnectionListener>(listener);
    }
}
