using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>
/// Accepts connections while there are descriptors and memory for them. Without descriptors it waits, and clients wait in the system's queue; without memory it
/// refuses them. If it fails for another reason, the guard is told, and a node ends its process.
/// </summary>
internal sealed class EpollListener : IConnectionListener
{
    /// <summary>How often it checks whether descriptors are free again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly string _id = Guid.NewGuid().ToString("N")[..8];
    private readonly Socket _socket;
    private readonly EpollPipes _pipes;
    private readonly ListenerGuard _guard;
    private readonly RefusedConnections _refused = new();
    private readonly ILogger _logger;
    private int _lowest;
    private long _count;
    private bool _isWaiting;
    private bool _isUnbound;

    public EpollListener(Socket socket, EpollPipes pipes, ListenerGuard guard, ILogger logger)
    {
        (_socket, _pipes, _guard, _logger) = (socket, pipes, guard, logger);
        EndPoint = socket.LocalEndPoint!;
    }

    public EndPoint EndPoint { get; }

    /// <summary>Whether it accepts connections, and is not waiting for descriptors.</summary>
    public bool IsAccepting => !Volatile.Read(ref _isWaiting);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                await WaitForDescriptorsAsync(cancellationToken);
                var accepted = await _socket.AcceptAsync(cancellationToken);

                // Its number shows how many are in use at least.
                _lowest = Descriptors.NumberOf(accepted);
                if (Open(accepted) is { } connection)
                {
                    return connection;
                }
            }
            catch (Exception) when (Volatile.Read(ref _isUnbound))
            {
                return null;
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                // The client was gone before it was accepted.
            }
            catch (SocketException error) when (!IsBroken(error.SocketErrorCode))
            {
                await WaitAsync(error.Message, cancellationToken);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                _guard.Failed(EndPoint, error);
                throw;
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        Volatile.Write(ref _isUnbound, true);
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Volatile.Write(ref _isUnbound, true);
        _socket.Dispose();
        _pipes.Pool.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Whether the listening socket itself is broken. Other errors, such as <c>ENOMEM</c>, for which .NET has no name, are temporary.</summary>
    private static bool IsBroken(SocketError error) =>
        error is SocketError.InvalidArgument or SocketError.NotSocket or SocketError.Fault or SocketError.OperationAborted;

    private async ValueTask WaitForDescriptorsAsync(CancellationToken cancellation)
    {
        while (_lowest >= _guard.MaxDescriptor)
        {
            await WaitAsync($"{_lowest} of {_guard.Descriptors.Limit} file descriptors are in use, and the rest is reserved", cancellation);
            _lowest = _guard.Descriptors.Lowest();
        }
    }

    private async Task WaitAsync(string reason, CancellationToken cancellation)
    {
        _guard.Waits(EndPoint, reason);
        Volatile.Write(ref _isWaiting, true);
        await Task.Delay(Pause, cancellation);
        Volatile.Write(ref _isWaiting, false);
    }

    /// <returns>Null when it was refused, or could not be opened.</returns>
    private EpollConnection? Open(Socket accepted)
    {
        if (!_guard.TryEnter())
        {
            _refused.Refuse(accepted);
            return null;
        }

        try
        {
            accepted.NoDelay = true;
            return new EpollConnection($"{_id}:{++_count:X}", accepted, _pipes, _guard, _logger);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            // The client is gone already, or the system cannot watch more sockets.
            accepted.Dispose();
            _guard.Leave();
            return null;
        }
    }
}
