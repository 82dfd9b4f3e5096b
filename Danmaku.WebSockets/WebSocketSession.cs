namespace Danmaku.WebSockets;

/// <summary>Bounds and times of a <see cref="WebSocketSession"/>. Shared by all connections of a kind.</summary>
public sealed record WebSocketSessionOptions
{
    /// <summary>Most frames that wait for a client.</summary>
    public int OutboxFrames { get; init; } = 256;

    /// <summary>Most bytes that wait for a client.</summary>
    public int OutboxBytes { get; init; } = 1024 * 1024;

    /// <summary>A Ping is sent when nothing was sent, or received, for this long: proxies cut idle connections.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>A client that sends nothing for this long, not even a Pong, is closed with <see cref="SilenceClose"/>.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client has to answer a Close frame before its connection is ended.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Code and reason of the Close frame for a client that was silent too long.</summary>
    public (int Code, string Reason) SilenceClose { get; init; } = (4008, "no heartbeat");
}

/// <summary>
/// The server's side of one WebSocket: an <see cref="Outbox"/>, the heartbeat, and the closing handshake. After the server's Close frame the client has
/// <see cref="WebSocketSessionOptions.CloseTimeout"/> to answer.
/// </summary>
/// <remarks>Thread-safe; never blocks. The owner calls <see cref="Sweep"/> at a steady pace.</remarks>
public sealed class WebSocketSession : IDisposable
{
    private readonly Outbox _outbox;
    private readonly WebSocketSessionOptions _options;
    private readonly Action _abort;
    private readonly Action<int>? _closed;
    private readonly TimeProvider _time;
    private long _lastHeard;
    private long _closingSince;
    private long _lastPing;
    private volatile Expectation? _expectation;

    /// <param name="memory">Bounds the frames kept for slow clients; null for no bound.</param>
    /// <param name="abort">Ends the connection at once. Called from any thread, and any number of times.</param>
    /// <param name="closed">Called with the code when the server begins to close.</param>
    public WebSocketSession(
        IByteTarget target, WebSocketSessionOptions options, IMemoryBudget? memory, Action abort, TimeProvider time, Action<int>? closed = null)
    {
        (_options, _abort, _closed, _time) = (options, abort, closed, time);
        _lastHeard = time.GetTimestamp();
        _outbox = new Outbox(target, options.OutboxFrames, options.OutboxBytes, memory, abort, time);
    }

    /// <summary>Whether a Close frame was sent: the client's messages do not matter any more.</summary>
    public bool IsClosing => Volatile.Read(ref _closingSince) != 0;

    /// <summary>Whether the queue is short enough for a client that was too slow to go on.</summary>
    public bool IsDrained => _outbox.IsDrained;

    /// <summary>Appends a frame to the queue.</summary>
    /// <param name="later">Whether it may wait for the next frame, or for <see cref="Flush"/>.</param>
    /// <returns>False, with nothing queued, when the queue is full or the session is closing.</returns>
    public bool TryWrite(SharedFrame frame, FrameKind kind, bool later = false) => _outbox.TryWrite(frame, kind, later);

    /// <summary>Writes the frames that were left for later.</summary>
    public void Flush() => _outbox.Flush();

    /// <summary>Sends the waiting frames, then a Close frame. Safe to repeat; the first one counts.</summary>
    /// <param name="reason">At most 123 bytes of UTF-8.</param>
    public void Close(int code, string reason)
    {
        if (TryClose(ControlFrame.Close(code, reason)))
        {
            _closed?.Invoke(code);
        }
    }

    /// <summary>Answers the client's Close frame with its own code (RFC 6455 §5.5.1); without one, with 1000.</summary>
    public void CloseBack(int code) => TryClose(ControlFrame.Close(code == CloseCodes.None ? CloseCodes.Normal : code));

    /// <summary>Answers a Ping. A client that sends Pings and never reads gets no more Pongs.</summary>
    public void Pong(ReadOnlySpan<byte> payload) => _outbox.TryWrite(new SharedFrame(ControlFrame.Pong(payload)), FrameKind.Control);

    /// <summary>The client has sent something.</summary>
    public void Heard() => Volatile.Write(ref _lastHeard, _time.GetTimestamp());

    /// <summary>Closes with <paramref name="code"/> unless <see cref="Met"/> is called in time. Replaces an earlier expectation.</summary>
    public void Expect(TimeSpan within, int code, string reason) => _expectation = new Expectation(_time.GetTimestamp(), within, code, reason);

    /// <summary>The expected message has come.</summary>
    public void Met() => _expectation = null;

    /// <summary>Ends the connection at once.</summary>
    public void Abort() => _abort();

    /// <summary>Sends the heartbeat, and ends a session that has been silent or closing for too long. Must be called every <paramref name="period"/>.</summary>
    /// <remarks>A Ping keeps proxies from cutting an idle connection, and makes a client that only listens answer.</remarks>
    public void Sweep(TimeSpan period)
    {
        if (Volatile.Read(ref _closingSince) is var since and not 0)
        {
            if (_time.GetElapsedTime(since) + period > _options.CloseTimeout)
            {
                _abort();
            }

            return;
        }

        var unheard = _time.GetElapsedTime(Volatile.Read(ref _lastHeard));
        if (unheard > _options.Silence)
        {
            Close(_options.SilenceClose.Code, _options.SilenceClose.Reason);
        }
        else if (_expectation is { } expected && _time.GetElapsedTime(expected.Since) > expected.Within)
        {
            Close(expected.Code, expected.Reason);
        }
        else if (IsDue(_outbox.Idle, period) || (IsDue(unheard, period) && IsDue(_time.GetElapsedTime(_lastPing), period)))
        {
            _lastPing = _time.GetTimestamp();
            _outbox.TryWrite(ControlFrame.Ping, FrameKind.Control);
        }
    }

    /// <summary>Completes when all frames are written.</summary>
    public Task WrittenAsync() => _outbox.WrittenAsync();

    /// <summary>The connection has ended: frees everything kept for it.</summary>
    public void Dispose() => _outbox.Dispose();

    /// <summary>Whether a heartbeat must be sent now, because the next sweep would be too late.</summary>
    private bool IsDue(TimeSpan since, TimeSpan period) => since + period > _options.Heartbeat;

    private bool TryClose(byte[] frame)
    {
        if (!_outbox.TryWrite(new SharedFrame(frame), FrameKind.Close))
        {
            return false;
        }

        Volatile.Write(ref _closingSince, _time.GetTimestamp());
        return true;
    }

    private sealed record Expectation(long Since, TimeSpan Within, int Code, string Reason);
}
