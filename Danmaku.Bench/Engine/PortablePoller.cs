using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Danmaku.Bench.Engine;

/// <summary>For systems without epoll: reads of no bytes that end when there is something to read. Costs more; connects wait.</summary>
public sealed class PortablePoller : IPoller
{
    private readonly BlockingCollection<Ready> _ready = [];
    private readonly Dictionary<int, Watch> _watches = [];

    public void Connect(Socket socket, IPEndPoint endpoint)
    {
        socket.Connect(endpoint);
        socket.Blocking = false;
    }

    public void Add(Socket socket, int id)
    {
        if (_watches.Remove(id, out var old))
        {
            old.Dispose();
        }

        _watches[id] = new Watch(socket, id, _ready);
        _ready.Add(new Ready(id, CanRead: false, CanWrite: true));
    }

    /// <remarks>A write that must be tried again is tried whenever something is to be read, and once in a while.</remarks>
    public void WatchWriting(Socket socket, int id, bool isWatched)
    {
        if (isWatched)
        {
            _ready.Add(new Ready(id, CanRead: false, CanWrite: true));
        }
        else
        {
            _watches[id].Begin();
        }
    }

    public int Wait(Span<Ready> ready, TimeSpan patience)
    {
        var count = 0;
        while (count < ready.Length && _ready.TryTake(out var next, count == 0 ? patience : TimeSpan.Zero))
        {
            ready[count++] = next;
            if (next.CanRead)
            {
                // What is left unread ends the next one at once.
                _watches[next.Id].Begin();
            }
        }

        return count;
    }

    public void Dispose()
    {
        foreach (var watch in _watches.Values)
        {
            watch.Dispose();
        }

        _ready.Dispose();
    }

    private sealed class Watch : IDisposable
    {
        private readonly SocketAsyncEventArgs _reading = new(true);
        private readonly Socket _socket;
        private readonly BlockingCollection<Ready> _ready;
        private readonly int _id;
        private int _isWaiting;

        public Watch(Socket socket, int id, BlockingCollection<Ready> ready)
        {
            (_socket, _id, _ready) = (socket, id, ready);
            _reading.SetBuffer([], 0, 0);
            _reading.Completed += (_, _) => Report();
        }

        public void Begin()
        {
            if (Interlocked.Exchange(ref _isWaiting, 1) != 0)
            {
                return;
            }

            try
            {
                if (!_socket.ReceiveAsync(_reading))
                {
                    Report();
                }
            }
            catch (ObjectDisposedException)
            {
                // Closed: nothing more will be reported of it.
            }
        }

        public void Dispose() => _reading.Dispose();

        private void Report()
        {
            Volatile.Write(ref _isWaiting, 0);
            try
            {
                _ready.Add(new Ready(_id, CanRead: true, CanWrite: false));
            }
            catch (ObjectDisposedException)
            {
                // The run is over.
            }
        }
    }
}
