using System.Collections.Concurrent;

namespace Danmaku.Chaos.Cluster;

/// <summary>A node process ended.</summary>
/// <param name="Told">The first signal that it was sent; null when it ended by itself.</param>
public sealed record NodeExit(string Node, int Code, Signal? Told)
{
    public override string ToString() => Told switch
    {
        Signal.Terminate => $"{Node} ended with {Code} on SIGTERM",
        Signal.Kill => $"{Node} was killed",
        _ => $"{Node} ended with {Code} by itself",
    };
}

/// <summary>One node of the cluster: the real executable, started again whenever it ends.</summary>
public sealed class ClusterNode : IAsyncDisposable
{
    private static readonly TimeSpan RestartAfter = TimeSpan.FromSeconds(1);

    private readonly ConcurrentQueue<NodeExit> _exits = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<OwnedProcess> _start;
    private readonly Action<NodeExit> _onExit;
    private readonly TimeProvider _time;
    private readonly Task _supervising;
    private OwnedProcess _process;
    private Signal? _told;

    /// <param name="start">Starts one incarnation.</param>
    public ClusterNode(int index, string name, string role, Uri url, Func<OwnedProcess> start, Action<NodeExit> onExit, TimeProvider time)
    {
        (Index, Name, Role, Url) = (index, name, role, url);
        (_start, _onExit, _time) = (start, onExit, time);
        Http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) })
        {
            BaseAddress = url,
            Timeout = TimeSpan.FromSeconds(8),
        };
        _process = start();
        _supervising = SuperviseAsync();
    }

    public int Index { get; }

    public string Name { get; }

    public string Role { get; }

    public Uri Url { get; }

    public HttpClient Http { get; }

    /// <summary>Where it keeps its data, if that can be filled.</summary>
    public SmallDisk? Disk { get; init; }

    /// <summary>Its wall clock, if that can be set.</summary>
    public FakeClock? Clock { get; init; }

    public IEnumerable<NodeExit> Exits => _exits;

    public void Kill() => Send(Signal.Kill);

    /// <summary>SIGSTOP: it is there and does nothing.</summary>
    public void Freeze() => _process.Send(Signal.Stop);

    public void Thaw() => _process.Send(Signal.Continue);

    /// <summary>SIGTERM.</summary>
    /// <returns>The exit code; null when it did not end in time and was killed.</returns>
    public async Task<int?> StopAsync(TimeSpan patience)
    {
        var process = _process;
        Send(Signal.Terminate);
        try
        {
            return await process.Ended.WaitAsync(patience, _time);
        }
        catch (TimeoutException)
        {
            process.Send(Signal.Kill);
            return null;
        }
    }

    /// <summary>From now on it is not started again.</summary>
    public void Retire() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        Retire();
        Send(Signal.Kill);
        await _supervising;
        await _process.DisposeAsync();
        Http.Dispose();
        _stopping.Dispose();
    }

    private void Send(Signal signal)
    {
        _told ??= signal;
        _process.Send(signal);
    }

    private async Task SuperviseAsync()
    {
        while (true)
        {
            var exit = new NodeExit(Name, await _process.Ended, _told);
            _exits.Enqueue(exit);
            _onExit(exit);
            try
            {
                await Task.Delay(RestartAfter, _time, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await _process.DisposeAsync();
            _told = null;
            _process = _start();
            if (_stopping.IsCancellationRequested)
            {
                Send(Signal.Kill);
            }
        }
    }
}
