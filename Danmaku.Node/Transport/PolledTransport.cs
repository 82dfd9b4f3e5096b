using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Node.Strangers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Danmaku.Node.Transport;

/// <summary>
/// The HTTP server's connections over TCP on Linux. The server's own transport keeps a pending read, two loops and a thread's turn for each piece that
/// comes; here a <see cref="Poller"/> reads where something has come, and hands a WebSocket its bytes on the spot (docs/decisions/0012).
/// </summary>
internal sealed class PolledTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <summary>
    /// Connections that the system has accepted and we have not; <c>net.core.somaxconn</c> bounds it, 4096 by default. Beyond it the system says
    /// nothing to who connects, and a client that hears nothing asks again only after 1, 3, 7, 15 and 31 s.
    /// </summary>
    private const int Backlog = 4096;

    private const long ReadAhead = 1024 * 1024;
    private const long WriteBehind = 64 * 1024;

    private readonly ConcurrentBag<PolledListener> _listeners = [];
    private readonly KestrelServerLimits _limits;
    private readonly IMemoryPoolFactory<byte> _pools;
    private readonly MemoryBudget _memory;
    private readonly Descriptors _descriptors;
    private readonly bool _isReserved;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="isReserved">Whether it is for operators, who may use what is kept back from strangers: descriptors and memory.</param>
    public PolledTransport(
        IOptions<KestrelServerOptions> server, IMemoryPoolFactory<byte> pools, MemoryBudget memory, Descriptors descriptors, bool isReserved,
        DanmakuMetrics metrics, TimeProvider time, ILogger<PolledTransport> logger)
    {
        (_limits, _pools, _memory, _descriptors, _isReserved, _time, _logger) = (server.Value.Limits, pools, memory, descriptors, isReserved, time, logger);
        metrics.ObserveListeners(() => _listeners.Select(listener => KeyValuePair.Create(listener.Name, listener.IsAccepting)));
    }

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
        var pipes = new PolledPipes(_pools.Create(), _limits.MaxRequestBufferSize ?? ReadAhead, _limits.MaxResponseBufferSize ?? WriteBehind);
        var listener = new PolledListener(socket, pipes, _memory, _descriptors, _isReserved, _time, _logger);
        _listeners.Add(listener);
        return new ValueTask<IConnectionListener>(listener);
    }
}
