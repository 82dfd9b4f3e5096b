using System.Net;
using System.Net.Sockets;
using Danmaku.Core.Limits;
using Danmaku.Node.Observability;
using Danmaku.Node.Strangers;
using Microsoft.AspNetCore.Connections;

namespace Danmaku.Node.Transport;

/// <summary>
/// Accepts connections for as long as there are descriptors and memory for them. Without descriptors it waits, and whoever connects waits in the
/// system's queue; without memory it refuses. A listener that fails for another reason ends the process.
/// </summary>
internal sealed class PolledListener : IConnectionListener
{
    /// <summary>How often it looks whether there are descriptors again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly string _id = Guid.NewGuid().ToString("N")[..8];
    private readonly Socket _socket;
    private readonly PolledPipes _pipes;
    private readonly MemoryBudget _memory;
    private readonly Descriptors _descriptors;
    private readonly int _most;
    private readonly bool _isReserved;
    private readonly RefusedConnections _refused = new();
    private readonly Episode _full;
    private readonly ILogger _logger;
    private int _lowest;
    private long _count;
    private bool _isWaiting;
    private bool _isUnbound;

    /// <param name="isReserved">Whether it is for operators, who may use what is kept back.</param>
    public PolledListener(
        Socket socket, PolledPipes pipes, MemoryBudget memory, Descriptors descriptors, bool isReserved, TimeProvider time, ILogger logger)
    {
        (_socket, _pipes, _memory, _descriptors, _isReserved, _logger) = (socket, pipes, memory, descriptors, isReserved, logger);
        (EndPoint, _most) = (socket.LocalEndPoint!, isReserved ? descriptors.ForOperators : descriptors.ForStrangers);
        _full = new Episode(time, () => logger.ListenerFree(Name));
    }

    public EndPoint EndPoint { get; }

    public string Name => EndPoint.ToString()!;

    /// <summary>Whether it does not wait for descriptors.</summary>
    public bool IsAccepting => !Volatile.Read(ref _isWaiting);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                await WaitForDescriptorsAsync(cancellationToken);
                var accepted = await _socket.AcceptAsync(cancellationToken);

                // Its number says how many are in use at least.
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
                SuddenEnd.BecauseListenerFailed(Name, error);
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
        _full.Dispose();
        _pipes.Pool.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Whether it is the listening socket itself. Everything else, such as <c>ENOMEM</c>, for which .NET has no name, passes.</summary>
    private static bool IsBroken(SocketError error) =>
        error is SocketError.InvalidArgument or SocketError.NotSocket or SocketError.Fault or SocketError.OperationAborted;

    private async ValueTask WaitForDescriptorsAsync(CancellationToken cancellation)
    {
        while (_lowest >= _most)
        {
            await WaitAsync($"of {_descriptors.Limit} file descriptors {_lowest} are in use, and the rest is kept back", cancellation);
            _lowest = _descriptors.Lowest();
        }
    }

    private async Task WaitAsync(string reason, CancellationToken cancellation)
    {
        if (_full.Goes())
        {
            _logger.ListenerFull(Name, reason);
        }

        Volatile.Write(ref _isWaiting, true);
        await Task.Delay(Pause, cancellation);
        Volatile.Write(ref _isWaiting, false);
    }

    /// <returns>Null when it was refused, or could not be opened.</returns>
    private PolledConnection? Open(Socket accepted)
    {
        if (_isReserved)
        {
            _memory.Take(MemoryKind.Connections, Costs.Connection);
        }
        else if (!_memory.TryEnter(MemoryKind.Connections, Costs.Connection))
        {
            _refused.Refuse(accepted);
            return null;
        }

        try
        {
            accepted.NoDelay = true;
            return new PolledConnection($"{_id}:{++_count:X}", accepted, _pipes, _memory, _isReserved, _logger);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            // The client is gone already, or the system cannot watch more sockets.
            accepted.Dispose();
            _memory.Return(MemoryKind.Connections, Costs.Connection);
            return null;
        }
    }
}
