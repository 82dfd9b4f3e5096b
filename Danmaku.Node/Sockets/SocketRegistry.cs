using System.Collections.Concurrent;
using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Core.Wire;
using Danmaku.Node.Conversations;
using Danmaku.Node.Options;

namespace Danmaku.Node.Sockets;

/// <summary>All open WebSockets of this node, how many come from each client, and how fast they come. Thread-safe.</summary>
internal sealed class SocketRegistry(ConnectionOptions options, Chance chance, TimeProvider time)
{
    /// <summary>Most clients whose rates are remembered.</summary>
    private const int MaxClients = 10_000;

    private readonly ConcurrentDictionary<ViewerSocket, Conversation> _sockets = new();
    private readonly Dictionary<ClientNetwork, int> _perAddress = [];
    private readonly ConnectGate _rate = new(
        Unlimited.IfZero(options.ConnectsPerSecond, options.ConnectsPerSecond),
        Unlimited.IfZero(options.ConnectsPerSecond, Math.Max(1, options.ConnectsPerSecond)),
        time,
        chance.Next);

    /// <summary>Also of those who have gone, or to come again would be a way around it.</summary>
    private readonly ClientTable<SharedRate> _messages = new(
        MaxClients, () => new SharedRate(options.MessagesPerSecondPerAddress, options.MessageBurstPerAddress, time));

    private readonly ClientTable<PostRate> _posts = new(MaxClients, () => new PostRate(options.PostsPerSecondPerAddress, options.PostBurstPerAddress, time));

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _places;
    private bool _isDraining;

    /// <summary>Whether it lets nobody in any more.</summary>
    public bool IsDraining => Volatile.Read(ref _isDraining);

    /// <summary>Places taken: open connections, and those in the middle of their handshake.</summary>
    public int Count => Volatile.Read(ref _places);

    /// <summary>The sockets that are open now, and what is said over each.</summary>
    public IEnumerable<(ViewerSocket Socket, Conversation Conversation)> Sockets => _sockets.Select(pair => (pair.Key, pair.Value));

    /// <summary>Ends when the last one is gone after <see cref="Shut"/>.</summary>
    public Task WhenEmpty => _empty.Task;

    /// <summary>Takes a place for a connection from <paramref name="address"/>; to be given back by <see cref="Leave"/>.</summary>
    /// <returns>Null when it has one, else why not.</returns>
    public ConnectRefusal? Enter(IPAddress address)
    {
        var client = options.ClientOf(address);
        lock (_gate)
        {
            var count = _perAddress.GetValueOrDefault(client);
            if (_isDraining || _places >= options.MaxConnections)
            {
                return _isDraining ? ConnectRefusal.Draining : ConnectRefusal.NodeFull;
            }

            if (options.ConnectionsPerAddress > 0 && count >= options.ConnectionsPerAddress)
            {
                return ConnectRefusal.AddressFull;
            }

            if (_rate.TryEnter() is { } wait)
            {
                return ConnectRefusal.TooFast(wait);
            }

            _perAddress[client] = count + 1;
            _places++;
            return null;
        }
    }

    /// <summary>How fast a new connection from <paramref name="address"/> is read; null for as fast as it can.</summary>
    public MessageBudget? BudgetFor(IPAddress address)
    {
        if (options is { MessagesPerSecond: 0, MessagesPerSecondPerAddress: 0 })
        {
            return null;
        }

        var rate = options.MessagesPerSecond;
        return new MessageBudget(Unlimited.IfZero(rate, rate), Unlimited.IfZero(rate, options.MessageBurst), SharedBy(address), time);
    }

    /// <summary>How fast all connections from <paramref name="address"/> together post; null for as fast as they can.</summary>
    public PostRate? PostsOf(IPAddress address)
    {
        if (options.PostsPerSecondPerAddress == 0)
        {
            return null;
        }

        lock (_gate)
        {
            return _posts.Get(options.ClientOf(address));
        }
    }

    public void Leave(IPAddress address)
    {
        var client = options.ClientOf(address);
        lock (_gate)
        {
            if (--_perAddress[client] == 0)
            {
                _perAddress.Remove(client);
            }

            _places--;
            SeeWhetherEmpty();
        }
    }

    /// <summary>Adds a socket for which a place was taken.</summary>
    public void Add(ViewerSocket socket, Conversation conversation)
    {
        _sockets.TryAdd(socket, conversation);
        if (IsDraining)
        {
            socket.Close(CloseReason.Restarting);
        }
    }

    public void Remove(ViewerSocket socket) => _sockets.TryRemove(socket, out _);

    /// <summary>Lets nobody in any more; who is in the middle of a handshake is closed after it.</summary>
    public void Shut()
    {
        lock (_gate)
        {
            _isDraining = true;
            SeeWhetherEmpty();
        }
    }

    private SharedRate? SharedBy(IPAddress address)
    {
        if (options.MessagesPerSecondPerAddress == 0)
        {
            return null;
        }

        lock (_gate)
        {
            return _messages.Get(options.ClientOf(address));
        }
    }

    private void SeeWhetherEmpty()
    {
        if (_isDraining && _places == 0)
        {
            _empty.TrySetResult();
        }
    }
}
