using System.Net;
using System.Net.Sockets;

namespace Danmaku.Bench.Engine;

/// <summary>All connections of a run on one thread: waits for many sockets at once, reads each into the same large buffer.</summary>
/// <remarks>
/// Not thread-safe: everything happens in <see cref="Run"/>. One thread that never waits for a single socket receives several
/// times what a task for each connection does, and what it costs can be told: the time in which it did not wait.
/// </remarks>
/// <param name="isSpinning">Never sleeps, so that servers on the same machine need not wake it.</param>
public sealed class LoadLoop(RunClock clock, IPoller poller, bool isSpinning = false) : IDisposable
{
    /// <summary>About what a core's own cache holds.</summary>
    private const int BufferBytes = 256 * 1024;

    private const int MaxReady = 256;

    /// <summary>IP_BIND_ADDRESS_NO_PORT of Linux: a port is chosen when the other end is known, so ports serve more than one server.</summary>
    private const int BindWithoutPort = 24;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(50);

    private readonly List<Link?> _links = [];
    private readonly Stack<int> _free = [];
    private readonly Ready[] _ready = new Ready[MaxReady];
    private byte[] _buffer = new byte[BufferBytes];
    private uint _mask = 0x9E3779B9;

    /// <summary>Microseconds of the run's clock, as of the newest event.</summary>
    public long Now { get; private set; }

    /// <summary>Bytes received on all connections, handshakes included.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>Microseconds in which it waited for something to do.</summary>
    public long IdleMicros { get; private set; }

    /// <summary>Begins to connect.</summary>
    /// <param name="source">The address to come from; null for what the system chooses.</param>
    /// <exception cref="SocketException">Nobody is there, or there are no addresses or files left.</exception>
    public Link Open(Target target, ILinkOwner owner, IPAddress? source)
    {
        var socket = new Socket(target.Endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            Bind(socket, source);
            poller.Connect(socket, target.Endpoint);
            if (!_free.TryPop(out var id))
            {
                id = _links.Count;
                _links.Add(null);
            }

            var link = new Link(this, target, owner, socket, id);
            _links[id] = link;
            poller.Add(socket, id);
            return link;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Lets things happen until it is done.</summary>
    /// <param name="isDone">Asked after everything that happened, so it should be cheap.</param>
    /// <param name="work">Does what is due by <see cref="Now"/>, and returns when it wants to be called again.</param>
    /// <param name="rest">As often as it looks where something happens all the time: to wake for each costs more than to read it. None if zero.</param>
    public void Run(Func<bool> isDone, Func<long> work, TimeSpan rest = default)
    {
        Now = clock.Micros;
        var (due, looked) = (work(), long.MinValue / 2);
        while (!isDone())
        {
            var before = clock.Micros;
            var rests = !isSpinning && before - looked < rest.TotalMicroseconds;
            if (rests)
            {
#pragma warning disable RS0030 // This thread waits for whatever comes in the meantime: there is no condition but time.
                Thread.Sleep(rest);
#pragma warning restore RS0030
            }

            looked = clock.Micros;
            var wait = isSpinning ? TimeSpan.Zero : TimeSpan.FromMicroseconds(Math.Clamp(due - looked, 0, LongestWait.TotalMicroseconds));
            var count = poller.Wait(_ready, wait);
            Now = clock.Micros;
            IdleMicros += rests || wait > TimeSpan.Zero || count == 0 ? Now - before : 0;
            for (var i = 0; i < count; i++)
            {
                Handle(_ready[i]);
                due = Now >= due ? work() : due;
            }

            due = Now >= due || count == 0 ? work() : due;
        }
    }

    public void Dispose()
    {
        foreach (var link in _links.ToArray())
        {
            link?.Abandon();
        }

        poller.Dispose();
    }

    /// <summary>A mask for a frame (RFC 6455 §5.3). Not a secret: nothing here passes proxies that it could confuse.</summary>
    internal int NextMask()
    {
        _mask ^= _mask << 13;
        _mask ^= _mask >> 17;
        _mask ^= _mask << 5;
        return (int)_mask;
    }

    internal void WatchWriting(Socket socket, int id, bool isWatched) => poller.WatchWriting(socket, id, isWatched);

    internal void Forget(int id)
    {
        _links[id] = null;
        _free.Push(id);
    }

    internal static void Bind(Socket socket, IPAddress? source)
    {
        if (source is null)
        {
            return;
        }

        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption((int)ProtocolType.IP, BindWithoutPort, BitConverter.GetBytes(1));
        }

        socket.Bind(new IPEndPoint(source, 0));
    }

    private void Handle(Ready ready)
    {
        if (ready.CanWrite)
        {
            _links[ready.Id]?.OnWritable();
        }

        if (ready.CanRead && _links[ready.Id] is { } link)
        {
            Receive(link);
        }
    }

    private void Receive(Link link)
    {
        var begin = link.RestBytes;
        link.TakeRest(_buffer);
        var error = link.Receive(_buffer.AsSpan(begin), out var length);
        Now = clock.Micros;
        if (error == SocketError.WouldBlock)
        {
            link.Consume(_buffer.AsSpan(0, begin));
            return;
        }

        if (error != SocketError.Success || length == 0)
        {
            link.Fail(error == SocketError.Success ? "no Close frame (1006)" : $"{error}");
            return;
        }

        ReceivedBytes += length;
        var wanted = link.Consume(_buffer.AsSpan(0, begin + length));
        if (wanted > _buffer.Length)
        {
            _buffer = new byte[wanted + BufferBytes];
        }
    }
}
