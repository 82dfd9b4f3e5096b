using Danmaku.Core.Wire;

namespace Danmaku.Node.Conversations;

/// <summary>The protocol of one WebSocket. Handles one message at a time.</summary>
internal abstract class Conversation
{
    /// <summary>The connection is open.</summary>
    public virtual ValueTask BeginAsync() => ValueTask.CompletedTask;

    /// <summary>Handles a message of the client.</summary>
    /// <param name="message">Valid UTF-8 within the message limit; gone after the call.</param>
    public abstract ValueTask HearAsync(ReadOnlyMemory<byte> message);

    /// <summary>About a second has passed. Called from another thread than the rest.</summary>
    public virtual void Tick()
    {
    }

    /// <summary>The frame to send before the connection is closed because the node stops; null where the format has none.</summary>
    /// <param name="edge">Another edge's public address; null when any will do.</param>
    public virtual Frame? Move(Uri? edge) => null;

    /// <summary>Sends what the client is still owed before the connection is closed. No message of the client is handled meanwhile.</summary>
    /// <param name="reason">The connection may be closed with it already when this completes.</param>
    public virtual Task FinishAsync(CloseReason reason) => Task.CompletedTask;

    /// <summary>The connection has ended.</summary>
    public virtual void End()
    {
    }
}
