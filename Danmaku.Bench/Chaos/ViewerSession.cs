using Danmaku.Bench.Client;

namespace Danmaku.Bench.Chaos;

/// <summary>One connection of a <see cref="ChaosViewer"/>.</summary>
internal sealed class ViewerSession : IConnectionListener, IDisposable
{
    /// <summary>Of a client that does not read: the less its system takes for it, the sooner the server feels it.</summary>
    private const int ReceiveBufferBytes = 4096;

    /// <summary>A <c>welcome</c> waits for the room's origin, so this outlasts the loss of one.</summary>
    private static readonly TimeSpan WelcomePatience = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _welcomed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ChaosViewer _viewer;
    private WebSocketConnection _connection = null!;
    private long _bytes;
    private long _bytesAt;

    private ViewerSession(ChaosViewer viewer, Uri url) => (_viewer, Edge) = (viewer, url.Authority);

    public string Edge { get; }

    /// <summary>It was told to move. Guarded by the viewer.</summary>
    public bool IsToMove { get; set; }

    /// <summary>Where it was told to move to; null when any edge will do. Guarded by the viewer.</summary>
    public Uri? MoveTo { get; set; }

    /// <summary>Whether the viewer has given it up. Guarded by the viewer.</summary>
    public bool IsOver { get; set; }

    public Task<string> Ended => _connection.Ended;

    /// <summary>False while it is too busy to.</summary>
    public bool IsReading { get; private set; } = true;

    public static async Task<ViewerSession> OpenAsync(ChaosViewer viewer, Uri url, byte[] join, CancellationToken cancellation)
    {
        var session = new ViewerSession(viewer, url);
        session._connection = await WebSocketConnection.OpenAsync(url, "danmaku.v1.json", session, cancellation, ReceiveBufferBytes);
        session._connection.SendText(join);
        return session;
    }

    public async Task WelcomedAsync(TimeProvider time, CancellationToken cancellation)
    {
        if (await Task.WhenAny(_welcomed.Task, Ended).WaitAsync(WelcomePatience, time, cancellation) != _welcomed.Task)
        {
            throw new InvalidDataException(await Ended);
        }
    }

    public void Welcomed() => _welcomed.TrySetResult();

    public void Send(byte[] message) => _connection.SendText(message);

    public void Pause()
    {
        IsReading = false;
        _connection.Pause();
    }

    public void Resume()
    {
        IsReading = true;
        _bytesAt = 0;
        _connection.Resume();
    }

    /// <summary>How long nothing came, not even a heartbeat, while it read. To be asked now and then.</summary>
    public TimeSpan SilentFor(TimeProvider time)
    {
        var (bytes, now) = (_connection.ReceivedBytes, time.GetTimestamp());
        if (bytes != _bytes || !IsReading || _bytesAt == 0)
        {
            (_bytes, _bytesAt) = (bytes, now);
        }

        return time.GetElapsedTime(_bytesAt, now);
    }

    public Task CloseAsync(TimeProvider time) => _connection.CloseAsync(ClosePatience, time);

    public void Vanish(bool isReset)
    {
        if (isReset)
        {
            _connection.Abort();
        }
        else
        {
            _connection.Dispose();
        }
    }

    public void OnText(ReadOnlySpan<byte> message) => _viewer.OnText(this, message);

    public void Dispose() => _connection.Dispose();
}
