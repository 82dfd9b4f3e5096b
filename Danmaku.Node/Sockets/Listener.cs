using Danmaku.Core.Wire;
using Danmaku.Node.Conversations;
using Danmaku.Node.Observability;
using Danmaku.WebSockets;

namespace Danmaku.Node.Sockets;

/// <summary>Handles what one client sends: passes messages to its conversation, and answers control frames and errors.</summary>
internal sealed class Listener(ViewerSocket socket, Conversation conversation, ILogger logger) : IClientListener
{
    public bool IsClosing => socket.IsClosing;

    public void Came() => socket.Heard();

    public TimeSpan Pay() => socket.Pay();

    public ValueTask HearAsync(Received received)
    {
        switch (received.Kind)
        {
            case ReceivedKind.Text when !socket.IsClosing:
                return conversation.HearAsync(received.Payload);
            case ReceivedKind.Ping:
                socket.Pong(received.Payload.Span);
                break;
            case ReceivedKind.Close:
                socket.CloseBack(received.CloseCode);
                break;
            case ReceivedKind.Error when !socket.IsClosing:
                return new ValueTask(CloseAsync(ReasonOf(received.Error!)));
        }

        return ValueTask.CompletedTask;
    }

    public void Failed(Exception error)
    {
        if (IsConnectionLoss(error))
        {
            socket.Abort();
            return;
        }

        logger.ConnectionFailed(error);
        socket.Close(CloseReason.InternalError);
    }

    private async Task CloseAsync(CloseReason reason)
    {
        await conversation.FinishAsync(reason);
        socket.Close(reason);
    }

    /// <summary>Whether the connection was lost, as most connections end.</summary>
    private static bool IsConnectionLoss(Exception error) => error is IOException or OperationCanceledException or ObjectDisposedException;

    /// <summary>The close reason of docs/protocol.md §7.</summary>
    private static CloseReason ReasonOf(ReadError error) => error.CloseCode switch
    {
        CloseCodes.UnsupportedData => CloseReason.TextOnly,
        CloseCodes.InvalidPayload => CloseReason.InvalidUtf8,
        CloseCodes.TooBig => CloseReason.TooBig,
        CloseCodes.TryAgainLater => CloseReason.NoMemory,
        _ => CloseReason.ProtocolError,
    };
}
