using System.Net;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>
/// What the listeners of an <see cref="EpollTransport"/> may take, and whom they tell. This one bounds connections by the process's file descriptors;
/// derive from it to bound memory too, and to hear of trouble.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public class ListenerGuard(Descriptors descriptors)
{
    public Descriptors Descriptors => descriptors;

    /// <summary>While no descriptor below this is free, a listener waits, and clients wait in the system's queue.</summary>
    public virtual int MaxDescriptor => descriptors.ForStrangers;

    /// <summary>Bounds what clients have sent and the HTTP server has not read; null for no bound.</summary>
    public virtual IMemoryBudget? Unread => null;

    /// <summary>Takes what one more connection costs. Where it says no, the client gets a 503.</summary>
    public virtual bool TryEnter() => true;

    /// <summary>A connection that could enter is over.</summary>
    public virtual void Leave()
    {
    }

    /// <summary>A listener has begun.</summary>
    /// <param name="isAccepting">Whether it accepts connections, and does not wait for descriptors. Safe to call at any time.</param>
    public virtual void Listens(EndPoint listener, Func<bool> isAccepting)
    {
    }

    /// <summary>A listener accepts nothing at the moment. Called ten times a second while that lasts.</summary>
    public virtual void Waits(EndPoint listener, string reason)
    {
    }

    /// <summary>A listener has ended for a reason that time does not mend. Kestrel goes on without it, and says so in its log.</summary>
    public virtual void Failed(EndPoint listener, Exception error)
    {
    }
}
