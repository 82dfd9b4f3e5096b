using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Wire;
using Danmaku.Node.Options;
using Danmaku.WebSockets;

namespace Danmaku.Node.Sockets;

/// <summary>
/// One WebSocket as its room and its client's reader see it: whatever goes out shares one bounded queue. Once it is closing it has
/// <see cref="ConnectionOptions.CloseTimeout"/> to drain and to hear the client's Close frame.
/// </summary>
internal sealed class ViewerSocket : IOutbox, IDisposable
{
    private readonly FrameWriter _writer;
    private readonly ConnectionOptions _options;
    private readonly Action _abort;
    private readonly DanmakuMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly MessageBudget? _budget;
    private long _lastRead;
    private long _closingSince;
    private long _lastPing;
    private volatile Expectation? _expectation;

    /// <param name="output">What is written to.</param>
    /// <param name="abort">Ends the connection at once. Called from any thread, and any number of times.</param>
    /// <param name="budget">How fast it is read; null for as fast as it can.</param>
    public ViewerSocket(
        Stream output, ConnectionOptions options, MemoryBudget memory, Action abort, DanmakuMetrics metrics, TimeProvider time, MessageBudget? budget = null)
    {
        _budget = budget;
        (_options, _abort, _metrics, _time) = (options, abort, metrics, time);
        _lastRead = time.GetTimestamp();
        _writer = new FrameWriter(output, options.OutboxFrames, options.OutboxBytes, memory, abort, time);
    }

    /// <summary>Whether a Close frame was sent: nothing that comes matters any more.</summary>
    public bool IsClosing => Volatile.Read(ref _closingSince) != 0;

    public bool IsDrained => _writer.IsDrained;

    public bool TryWrite(Frame frame, bool later = false) =>
        _writer.TryWrite(frame, frame.IsBatch || frame.IsReplaceable ? FrameKind.Batch : FrameKind.Control, later);

    public void Flush() => _writer.Flush();

    /// <summary>Sends an answer to what the client said; one that asks for more than it reads is closed.</summary>
    public void Answer(Frame? frame)
    {
        if (frame is not null && !TryWrite(frame))
        {
            Close(CloseReason.TooSlow);
        }
    }

    public void Close(CloseReason reason)
    {
        if (TryClose(ControlFrame.Close(reason.Code, reason.Text)))
        {
            _metrics.Closed(reason.Code);
        }
    }

    /// <summary>The node stops, and it is this viewer's turn to go.</summary>
    /// <param name="move">What to say first, if there is a word for it. One too slow to have a place for it hears the close only.</param>
    public void SendAway(Frame? move)
    {
        if (move is not null)
        {
            TryWrite(move);
        }

        Close(CloseReason.Restarting);
    }

    /// <summary>The client has said something, whatever it was.</summary>
    public void Heard() => Volatile.Write(ref _lastRead, _time.GetTimestamp());

    /// <summary>Pays for a message that has come, whatever it is. To be called by one who reads, before it is handled.</summary>
    /// <returns>How long it has to wait for its turn; zero for not at all. Who pushes for too long is closed.</returns>
    public TimeSpan Pay()
    {
        var wait = _budget?.Take() ?? TimeSpan.Zero;
        if (wait > TimeSpan.Zero)
        {
            _metrics.ReadDelayed();
            if (_budget!.IsFlood)
            {
                Close(CloseReason.TooManyMessages);
            }
        }

        return wait;
    }

    /// <summary>Ends the connection without a word.</summary>
    public void Abort() => _abort();

    /// <summary>Answers the client's Close frame with its own code (RFC 6455 §5.5.1); where it has none, with 1000.</summary>
    public void CloseBack(int code) => TryClose(ControlFrame.Close(code == CloseCodes.None ? CloseCodes.Normal : code));

    /// <summary>Answers a Ping. A client that sends Pings and never reads gets no more Pongs.</summary>
    public void Pong(ReadOnlySpan<byte> payload) => _writer.TryWrite(new Frame(ControlFrame.Pong(payload)), FrameKind.Control);

    /// <summary>Closes with <paramref name="otherwise"/> unless <see cref="Met"/> is called in time. Replaces an earlier expectation.</summary>
    public void Expect(TimeSpan within, CloseReason otherwise) => _expectation = new Expectation(_time.GetTimestamp(), within, otherwise);

    public void Met() => _expectation = null;

    /// <summary>To be called every <paramref name="period"/>: sends the heartbeat, and ends what has been silent or closing too long.</summary>
    /// <remarks>
    /// A Ping keeps proxies from cutting a connection on which nothing is sent, and makes a viewer that only listens say that it is there.
    /// </remarks>
    public void Sweep(TimeSpan period)
    {
        if (Volatile.Read(ref _closingSince) is var since and not 0)
        {
            if (_time.GetElapsedTime(since) + period > _options.CloseTimeout)
            {
                _abort();
            }
        }
        else if (_time.GetElapsedTime(Volatile.Read(ref _lastRead)) > _options.Silence)
        {
            Close(CloseReason.NoHeartbeat);
        }
        else if (_expectation is { } expected && _time.GetElapsedTime(expected.Since) > expected.Within)
        {
            Close(expected.Otherwise);
        }
        else if (IsDue(_writer.Idle, period) || (IsDue(_time.GetElapsedTime(Volatile.Read(ref _lastRead)), period) && IsDue(_time.GetElapsedTime(_lastPing), period)))
        {
            _lastPing = _time.GetTimestamp();
            TryWrite(Frame.Ping);
        }
    }

    /// <summary>Whether a heartbeat must go out now, since the next sweep would come too late.</summary>
    private bool IsDue(TimeSpan since, TimeSpan period) => since + period > _options.Heartbeat;

    /// <summary>Ends when all that was sent is on its way.</summary>
    public Task WrittenAsync() => _writer.WrittenAsync();

    public void Dispose() => _writer.Dispose();

    private bool TryClose(byte[] frame)
    {
        if (!_writer.TryWrite(new Frame(frame), FrameKind.Close))
        {
            return false;
        }

        Volatile.Write(ref _closingSince, _time.GetTimestamp());
        return true;
    }

    private sealed record Expectation(long Since, TimeSpan Within, CloseReason Otherwise);
}
