using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Wire;
using Danmaku.Node.Options;
using Danmaku.WebSockets;

namespace Danmaku.Node.Sockets;

/// <summary>One viewer's WebSocket: the outbox for its room, and the rate at which it is read.</summary>
/// <param name="session">Sends frames; closes with the codes of docs/protocol.md §7.</param>
/// <param name="budget">Limits how fast it is read; null for no limit.</param>
internal sealed class ViewerSocket(WebSocketSession session, DanmakuMetrics metrics, MessageBudget? budget) : IOutbox, IDisposable
{
    /// <summary>Whether a Close frame was sent: messages of the client are ignored from then on.</summary>
    public bool IsClosing => session.IsClosing;

    public bool IsDrained => session.IsDrained;

    /// <summary>The options of a session, from those of a node.</summary>
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

    /// <summary>Sends an answer. A client that asks for more than it reads is closed.</summary>
    public void Answer(Frame? frame)
    {
        if (frame is not null && !TryWrite(frame))
        {
            Close(CloseReason.TooSlow);
        }
    }

    public void Close(CloseReason reason) => session.Close(reason.Code, reason.Text);

    /// <summary>Closes the viewer because the node stops.</summary>
    /// <param name="move">Sent first; null where the format has no word for it. A viewer whose outbox is full gets the close only.</param>
    public void SendAway(Frame? move)
    {
        if (move is not null)
        {
            TryWrite(move);
        }

        Close(CloseReason.Restarting);
    }

    /// <summary>Notes that something came from the client.</summary>
    public void Heard() => session.Heard();

    /// <summary>Takes the cost of one message from the budget, before the message is handled.</summary>
    /// <returns>How long to wait before reading on; zero for not at all. A client that is too fast for too long is closed.</returns>
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

    /// <summary>Ends the connection without a Close frame.</summary>
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

    /// <summary>Completes when everything was written to the socket.</summary>
    public Task WrittenAsync() => session.WrittenAsync();

    public void Dispose() => session.Dispose();
}
