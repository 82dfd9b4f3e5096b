using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Wire;
using Danmaku.Node.Options;
using Danmaku.WebSockets;

namespace Danmaku.Node.Sockets;

/// <summary>One WebSocket as its room and its client's reader see it.</summary>
/// <param name="session">What is sent on it. It closes with the codes of docs/protocol.md §7.</param>
/// <param name="budget">How fast it is read; null for as fast as it can.</param>
internal sealed class ViewerSocket(WebSocketSession session, DanmakuMetrics metrics, MessageBudget? budget) : IOutbox, IDisposable
{
    /// <summary>Whether a Close frame was sent: what the client says does not matter any more.</summary>
    public bool IsClosing => session.IsClosing;

    public bool IsDrained => session.IsDrained;

    /// <summary>The session's part of the options of a node.</summary>
    public static WebSocketSessionOptions OptionsOf(ConnectionOptions options) => new()
    {
        OutboxFrames = options.OutboxFrames,
        OutboxBytes = options.OutboxBytes,
        Heartbeat = options.Heartbeat,
        Silence = options.Silence,
        CloseTimeout = options.CloseTimeout,
        SilenceClose = (CloseReason.NoHeartbeat.Code, CloseReason.NoHeartbeat.Text),
    };

    public bool TryWrite(Frame frame, bool later = false) =>
        session.TryWrite(frame, frame.IsBatch || frame.IsReplaceable ? FrameKind.Data : FrameKind.Control, later);

    public void Flush() => session.Flush();

    /// <summary>Sends an answer to what the client said; one that asks for more than it reads is closed.</summary>
    public void Answer(Frame? frame)
    {
        if (frame is not null && !TryWrite(frame))
        {
            Close(CloseReason.TooSlow);
        }
    }

    public void Close(CloseReason reason) => session.Close(reason.Code, reason.Text);

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
    public void Heard() => session.Heard();

    /// <summary>Pays for a message that has come, whatever it is. To be called by one who reads, before it is handled.</summary>
    /// <returns>How long it has to wait for its turn; zero for not at all. Who pushes for too long is closed.</returns>
    public TimeSpan Pay()
    {
        var wait = budget?.Take() ?? TimeSpan.Zero;
        if (wait > TimeSpan.Zero)
        {
            metrics.ReadDelayed();
            if (budget!.IsFlood)
            {
                Close(CloseReason.TooManyMessages);
            }
        }

        return wait;
    }

    /// <summary>Ends the connection without a word.</summary>
    public void Abort() => session.Abort();

    /// <inheritdoc cref="WebSocketSession.CloseBack"/>
    public void CloseBack(int code) => session.CloseBack(code);

    /// <inheritdoc cref="WebSocketSession.Pong"/>
    public void Pong(ReadOnlySpan<byte> payload) => session.Pong(payload);

    /// <summary>Closes with <paramref name="otherwise"/> unless <see cref="Met"/> is called in time. Replaces an earlier expectation.</summary>
    public void Expect(TimeSpan within, CloseReason otherwise) => session.Expect(within, otherwise.Code, otherwise.Text);

    public void Met() => session.Met();

    /// <inheritdoc cref="WebSocketSession.Sweep"/>
    public void Sweep(TimeSpan period) => session.Sweep(period);

    /// <summary>Ends when all that was sent is on its way.</summary>
    public Task WrittenAsync() => session.WrittenAsync();

    public void Dispose() => session.Dispose();
}
