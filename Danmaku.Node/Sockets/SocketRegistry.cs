using System.Collections.Concurrent;
using System.Net;
using Danmaku.Core.Wire;
using Danmaku.Node.Options;

namespace Danmaku.Node.Sockets;

/// <summary>Why a place is refused.</summary>
internal enum PlaceRefusal
{
    None,
    AddressFull,
    NodeFull,
    Draining,
}

/// <summary>All open WebSockets of this node, and how many come from each address. Thread-safe.</summary>
internal sealed class SocketRegistry(ConnectionOptions options)
{
    private readonly ConcurrentDictionary<ViewerSocket, bool> _sockets = new();
    private readonly Dictionary<IPAddress, int> _perAddress = [];
    private readonly Lock _gate = new();
    private int _places;
    private bool _isDraining;
    private TaskCompletionSource? _empty;

    /// <summary>Whether it lets nobody in any more.</summary>
    public bool IsDraining => Volatile.Read(ref _isDraining);

    /// <summary>Places taken: open connections, and those in the middle of their handshake.</summary>
    public int Count => Volatile.Read(ref _places);

    public IEnumerable<ViewerSocket> Sockets => _sockets.Keys;

    /// <summary>Takes a place for a connection from <paramref name="address"/>; to be given back by <see cref="Leave"/>.</summary>
    public PlaceRefusal Enter(IPAddress address)
    {
        lock (_gate)
        {
            var count = _perAddress.GetValueOrDefault(address);
            if (_isDraining || _places >= options.MaxConnections)
            {
                return _isDraining ? PlaceRefusal.Draining : PlaceRefusal.NodeFull;
            }

            if (options.ConnectionsPerAddress > 0 && count >= options.ConnectionsPerAddress)
            {
                return PlaceRefusal.AddressFull;
            }

            _perAddress[address] = count + 1;
            _places++;
            return PlaceRefusal.None;
        }
    }

    public void Leave(IPAddress address)
    {
        lock (_gate)
        {
            if (--_perAddress[address] == 0)
            {
                _perAddress.Remove(address);
            }

            if (--_places == 0)
            {
                _empty?.TrySetResult();
            }
        }
    }

    /// <summary>Adds a socket for which a place was taken.</summary>
    public void Add(ViewerSocket socket)
    {
        _sockets.TryAdd(socket, true);
        if (IsDraining)
        {
            socket.Close(CloseReason.Restarting);
        }
    }

    public void Remove(ViewerSocket socket) => _sockets.TryRemove(socket, out _);

    /// <summary>Lets nobody in any more and closes everybody.</summary>
    /// <returns>Ends when the last one is gone.</returns>
    public Task DrainAsync()
    {
        Task gone;
        lock (_gate)
        {
            _isDraining = true;
            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            gone = _places == 0 ? Task.CompletedTask : _empty.Task;
        }

        foreach (var socket in Sockets)
        {
            socket.Close(CloseReason.Restarting);
        }

        return gone;
    }
}
