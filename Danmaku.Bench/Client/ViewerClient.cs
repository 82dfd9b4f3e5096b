using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Client;

/// <summary>One viewer of the room: counts what it gets and checks the order.</summary>
public abstract class ViewerClient : IConnectionListener, IDisposable
{
    private WebSocketConnection? _connection;

    /// <summary>Of this run's posts and of others in the room.</summary>
    public long Deliveries { get; protected set; }

    /// <summary>Of <see cref="Deliveries"/>: recognised as none of this run's, so somebody else is in the room.</summary>
    public long Foreign { get; protected set; }

    /// <summary>How this viewer's sequence went. Final after <see cref="CloseAsync"/>.</summary>
    public abstract SequenceChecker? Sequence { get; }

    public long ReceivedBytes => _connection?.ReceivedBytes ?? 0;

    public bool IsDisconnected => _connection is { IsDisconnected: true };

    /// <summary>How the connection ended; null while it lasts.</summary>
    public string? End => _connection is { Ended.IsCompleted: true } connection ? connection.Ended.Result : null;

    protected abstract string? Subprotocol { get; }

    /// <summary>Connects and joins the room.</summary>
    public virtual async Task JoinAsync(Uri url, CancellationToken cancellation) =>
        _connection = await WebSocketConnection.OpenAsync(url, Subprotocol, this, cancellation);

    public Task CloseAsync(TimeSpan patience, TimeProvider time) => _connection?.CloseAsync(patience, time) ?? Task.CompletedTask;

    /// <summary>Takes into account what was learned since the last message.</summary>
    public virtual void Settle()
    {
    }

    public abstract void OnText(ReadOnlySpan<byte> message);

    public void Dispose()
    {
        _connection?.Dispose();
        GC.SuppressFinalize(this);
    }

    protected void Send(ReadOnlySpan<byte> message) => _connection!.SendText(message);

    protected Task<string> WhenEnded => _connection!.Ended;
}
