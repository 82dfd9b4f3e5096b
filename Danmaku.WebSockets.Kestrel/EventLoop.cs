using System.Diagnostics;
using System.Net.Sockets;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>Reads a socket when it has something to read. Called by one thread at a time.</summary>
internal interface IPolled
{
    /// <summary>The socket has something to read, or has ended. Must not wait.</summary>
    /// <param name="scratch">A buffer to read into; its content is lost when this returns.</param>
    void OnReadable(byte[] scratch);
}

/// <summary>
/// Threads that wait for many sockets at once and read those that have received something. A silent connection needs nothing else: no buffer, no pending read,
/// no task.
/// </summary>
/// <remarks>Thread-safe. Lives as long as the process.</remarks>
internal sealed class EventLoop
{
    /// <summary>Most bytes read from one socket before others have their turn.</summary>
    private const int ScratchBytes = 64 * 1024;

    /// <summary>More threads than this do not help: the work behind them takes the time.</summary>
    private const int MaxThreads = 8;

    /// <summary>The pause between two checks of a busy event loop.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private static readonly Lazy<EventLoop[]> All = new(() =>
        [.. Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount / 2, 1, MaxThreads)).Select(_ => new EventLoop())]);

    private static uint _next;

    private readonly Epoll _epoll = new();
    private readonly Lock _gate = new();
    private readonly Stack<int> _free = new();
    private IPolled?[] _polled = new IPolled?[64];
    private int[] _lives = new int[64];
    private int _used;

    private EventLoop() => new Thread(Run) { IsBackground = true, Name = "epoll" }.Start();

    /// <summary>The next of the process's event loops, in turn.</summary>
    public static EventLoop Next() => All.Value[Interlocked.Increment(ref _next) % (uint)All.Value.Length];

    /// <summary>Begins to watch a socket.</summary>
    /// <returns>The key for the other calls.</returns>
    public long Add(Socket socket, IPolled polled)
    {
        long key;
        lock (_gate)
        {
            var place = _free.TryPop(out var free) ? free : _used++;
            if (place == _polled.Length)
            {
                Array.Resize(ref _lives, 2 * place);
                Array.Resize(ref _polled, 2 * place);
            }

            key = ((long)_lives[place] << 32) | (uint)place;
            _polled[place] = polled;
        }

        try
        {
            _epoll.Add(socket, key, isWatching: true);
            return key;
        }
        catch
        {
            Remove(key);
            throw;
        }
    }

    /// <summary>Pauses or resumes watching a socket.</summary>
    public void Watch(Socket socket, long key, bool isWatching)
    {
        try
        {
            _epoll.Watch(socket, key, isWatching);
        }
        catch (Exception error) when (error is ObjectDisposedException or IOException)
        {
            // The socket has been closed.
        }
    }

    /// <summary>Must be called once, when the socket is closed or about to be.</summary>
    public void Remove(long key)
    {
        lock (_gate)
        {
            var place = (int)key;
            if (_lives[place] == (int)(key >> 32))
            {
                _polled[place] = null;
                _lives[place]++;
                _free.Push(place);
            }
        }
    }

    /// <summary>
    /// A busy event loop checks all sockets once per millisecond: waking a thread for each message costs more than reading it, here and in the threads behind
    /// it.
    /// </summary>
    private void Run()
    {
        var (ready, scratch) = (new long[Epoll.MaxReady], new byte[ScratchBytes]);
        while (true)
        {
            var start = Stopwatch.GetTimestamp();
            var count = _epoll.Wait(ready);
            var isBusy = Stopwatch.GetElapsedTime(start) < Pause;
            for (var i = 0; i < count; i++)
            {
                Find(ready[i])?.OnReadable(scratch);
            }

            if (isBusy && count < Epoll.MaxReady)
            {
#pragma warning disable RS0030 // This thread waits for whatever comes in the meantime: there is no condition but time.
                Thread.Sleep(Pause);
#pragma warning restore RS0030
            }
        }
    }

    /// <summary>Null for a removed socket, even if another uses its slot.</summary>
    private IPolled? Find(long key)
    {
        lock (_gate)
        {
            var place = (int)key;
            return _lives[place] == (int)(key >> 32) ? _polled[place] : null;
        }
    }
}
