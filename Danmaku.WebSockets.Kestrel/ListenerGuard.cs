using System.Net;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>
/// Limits and callbacks of an <see cref="EpollTransport"/>'s listeners. This class bounds connections by the process's file descriptors; derive from it to
/// bound memory too, and to be told about problems.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public class ListenerGuard(Descriptors descriptors)
{
    public Descriptors Descriptors => descriptors;

    /// <summary>While no descriptor below this is free, a listener waits, and clients wait in the system's queue.</summary>
    public virtual int MaxDescriptor => descriptors.ForClients;

    /// <summary>Bounds input that the HTTP server has not read; null for no bound.</summary>
    public virtual IMemoryBudget? Unread => null;

    /// <summary>Reserves the cost of one more connection. If it returns false, the client gets a 503.</summary>
    public virtual bool TryEnter() => true;

    /// <summary>An admitted connection has ended.</summary>
    public virtual void Leave()
    {
    }

    /// <summary>A listener has started.</summary>
    /// <param name="isAccepting">Whether it accepts connections, and is not waiting for descriptors. Safe to call at any time.</param>
    public virtual void Listens(EndPoint listener, Func<bool> isAccepting)
    {
    }

    /// <summary>A listener cannot accept connections now. Called ten times a second while that lasts.</summary>
    public virtual void Waits(EndPoint listener, string reason)
    {
    }

    /// <summary>A listener has failed permanently. Kestrel goes on without it, and logs that.</summary>
    public virtual void Failed(EndPoint listener, Exception error)
    {
    }
}
