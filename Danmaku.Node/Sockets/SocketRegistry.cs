using System.Collections.Concurrent;
using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Core.Wire;
using Danmaku.Node.Conversations;
using Danmaku.Node.Options;

namespace Danmaku.Node.Sockets;

/// <summary>All open WebSockets of this node, and the limits of connections and rates for each client. Thread-safe.</summary>
internal sealed class SocketRegistry(ConnectionOptions options, Chance chance, TimeProvider time)
{
    /// <summary>Most clients whose rates it remembers.</summary>
    private const int MaxClients = 10_000;

    private readonly ConcurrentDictionary<ViewerSocket, Conversation> _sockets = new();
    private readonly Dictionary<ClientNetwork, int> _perAddress = [];
    private readonly ConnectGate _rate = new(
        Unlimited.IfZero(options.ConnectsPerSecond, options.ConnectsPerSecond),
        Unlimited.IfZero(options.ConnectsPerSecond, Math.Max(1, options.ConnectsPerSecond)),
        time,
        chance.Next);

    /// <summary>Includes clients that have left: otherwise reconnecting would reset their rate.</summary>
    private readonly ClientTable<SharedRate> _messages = new(
        MaxClients, () => new SharedRate(options.MessagesPerSecondPerAddress, options.MessageBurstPerAddress, time));

    private readonly ClientTable<PostRate> _posts = new(MaxClients, () => new PostRate(options.PostsPerSecondPerAddress, options.PostBurstPerAddress, time));

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _places;
    private bool _isDraining;

    /// <summary>Whether it accepts no new connections any more.</summary>
    public bool IsDraining => Volatile.Read(ref _isDraining);

    /// <summary>How many connections are open or in their handshake.</summary>
    public int Count => Volatile.Read(ref _places);

    /// <summary>The open sockets, each with its conversation.</summary>
    public IEnumerable<(ViewerSocket Socket, Conversation Conversation)> Sockets => _sockets.Select(pair => (pair.Key, pair.Value));

    /// <summary>Completes when the last socket is gone after <see cref="Shut"/>.</summary>
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

    /// <summary>The budget of messages of a new connection from <paramref name="address"/>; null for no limit.</summary>
    public MessageBudget? BudgetFor(IPAddress address)
    {
        if (options is { MessagesPerSecond: 0, MessagesPerSecondPerAddress: 0 })
        {
            return null;
        }

        var rate = options.MessagesPerSecond;
        return new MessageBudget(Unlimited.IfZero(rate, rate), Unlimited.IfZero(rate, options.MessageBurst), SharedBy(address), time);
    }

    /// <summary>The rate of posts of all connections from <paramref name="address"/> together; null for no limit.</summary>
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

    /// <summary>Accepts no new connections any more; a connection in its handshake is closed after it.</summary>
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
