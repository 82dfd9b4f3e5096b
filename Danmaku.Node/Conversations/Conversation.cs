using Danmaku.Core.Wire;

namespace Danmaku.Node.Conversations;

/// <summary>What is said over one WebSocket. One message at a time.</summary>
internal abstract class Conversation
{
    /// <summary>The connection is open.</summary>
    public virtual ValueTask BeginAsync() => ValueTask.CompletedTask;

    /// <summary>The client said something.</summary>
    /// <param name="message">Valid UTF-8 within the message limit; gone after the call.</param>
    public abstract ValueTask HearAsync(ReadOnlyMemory<byte> message);

    /// <summary>What to tell the client before its connection is closed because the node stops; null when there is no word for it.</summary>
    /// <param name="edge">Another edge's public address; null when any will do.</param>
    public virtual Frame? Move(Uri? edge) => null;

    /// <summary>The connection is about to be closed: sends what it is still owed. The client is not to be heard meanwhile.</summary>
    /// <param name="reason">With which it may be closed already when this ends.</param>
    public virtual Task FinishAsync(CloseReason reason) => Task.CompletedTask;

    /// <summary>The connection has ended.</summary>
    public virtual void End()
    {
    }
}
