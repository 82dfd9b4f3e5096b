using System.Net.Sockets;
using Danmaku.Bench.Engine;

namespace Danmaku.Bench.Flood;

/// <summary>Carries out an attack on one thread, within its share of a core. Whoever is refused or closed comes back.</summary>
public sealed class AttackLoop(Attack attack, RunClock clock, IPoller poller) : IDisposable
{
    /// <summary>Of a core.</summary>
    public const double Share = 0.5;

    private const int BufferBytes = 64 * 1024;
    private const int MaxReady = 64;

    /// <summary>So many connect before the others are looked after.</summary>
    private const int MaxAtOnce = 64;

    /// <summary>How long a connection that was to stay is away when it was not let in or was ended.</summary>
    private const long AwayMicros = 1_000_000;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(10);

    /// <summary>Shorter rests are put off: the system does not keep them.</summary>
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(1);

    private readonly AttackConnection?[] _connections = new AttackConnection?[attack.Size.Connections];
    private readonly PriorityQueue<int, long> _due = new();
    private readonly Duty _duty = new(Share);
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly Ready[] _ready = new Ready[MaxReady];
    private int _begun;
    private int _through;
    private long _connected;
    private long _refused;
    private long _closed;
    private long _failed;
    private long _reached;
    private long _messages;

    /// <param name="onBegun">Called when as many have begun to connect as are to be there at the same time.</param>
    /// <param name="onThrough">Called when an attack that has an end has come to it.</param>
    public AttackCounts Run(Action onBegun, Action onThrough, CancellationToken cancellation)
    {
        _due.EnqueueRange(Enumerable.Range(0, _connections.Length), 0);
        var (begin, cpu) = ((long?)null, TimeSpan.Zero);
        while (!cancellation.IsCancellationRequested)
        {
            OpenDue(onThrough);
            if (begin is null && _begun >= _connections.Length)
            {
                (begin, cpu) = (clock.Micros, Environment.CpuUsage.TotalTime);
                onBegun();
            }

            var count = poller.Wait(_ready, LongestWait);
            for (var i = 0; i < count; i++)
            {
                Handle(_ready[i]);
            }

            Rest();
        }

        var elapsed = TimeSpan.FromMicroseconds(clock.Micros - (begin ?? 0));
        return new AttackCounts(
            _connected, _refused, _closed, _failed, _reached, _messages, elapsed, (Environment.CpuUsage.TotalTime - cpu) / elapsed);
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection?.Dispose();
        }

        poller.Dispose();
    }

    private void OpenDue(Action onThrough)
    {
        for (var i = 0; i < MaxAtOnce && _due.TryPeek(out var slot, out var due) && due <= clock.Micros; i++)
        {
            _due.Dequeue();
            if (attack.Script(_begun++) is { } script)
            {
                Open(slot, script);
            }
            else if (++_through == _connections.Length)
            {
                onThrough();
            }
        }
    }

    private void Open(int slot, AttackScript script)
    {
        var connection = new AttackConnection(script);
        try
        {
            connection.Connect(poller, slot);
            _connections[slot] = connection;
        }
        catch (SocketException)
        {
            connection.Dispose();
            _failed++;
            _due.Enqueue(slot, clock.Micros + AwayMicros);
        }
    }

    private void Handle(Ready ready)
    {
        if (ready.CanWrite && _connections[ready.Id] is { } writer)
        {
            var (was, messages) = (writer.IsConnected, writer.Messages);
            Follow(ready.Id, writer.Write(poller, ready.Id));
            _connected += writer.IsConnected && !was ? 1 : 0;
            _messages += writer.Messages - messages;
        }

        if (ready.CanRead && _connections[ready.Id] is { IsConnected: true } reader)
        {
            Follow(ready.Id, reader.Read(poller, ready.Id, _buffer));
        }
    }

    private void Follow(int slot, AttackEnd end)
    {
        if (end == AttackEnd.None)
        {
            return;
        }

        _failed += end == AttackEnd.Failed ? 1 : 0;
        _refused += end == AttackEnd.Refused ? 1 : 0;
        _closed += end == AttackEnd.Closed ? 1 : 0;
        _reached += end == AttackEnd.Reached ? 1 : 0;
        var stays = _connections[slot]!.Stays;
        _connections[slot]!.Dispose();
        _connections[slot] = null;
        _due.Enqueue(slot, stays || end == AttackEnd.Failed ? clock.Micros + AwayMicros : clock.Micros);
    }

    private void Rest()
    {
        if (_duty.RestAfter(Environment.CpuUsage.TotalTime, TimeSpan.FromMicroseconds(clock.Micros)) is var rest && rest > ShortestRest)
        {
#pragma warning disable RS0030 // To use no CPU for a while is the point: there is no condition but time.
            Thread.Sleep(rest);
#pragma warning restore RS0030
        }
    }
}
