using System.Collections.Concurrent;
using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Node.Observability;
using Danmaku.WebSockets;
using Danmaku.WebSockets.Kestrel;

namespace Danmaku.Node.Strangers;

/// <summary>Counts connections in the node's memory budget and reserves descriptors for the rest of the node. A listener that fails ends the process.</summary>
/// <param name="isReserved">Whether it is for operators, who may use the reserve of descriptors and memory.</param>
internal sealed class ClientGuard(
    MemoryBudget memory, Descriptors descriptors, bool isReserved, DanmakuMetrics metrics, TimeProvider time, ILogger<ClientGuard> logger)
    : ListenerGuard(descriptors), IDisposable
{
    private readonly ConcurrentDictionary<EndPoint, Episode> _waits = new();

    public override int MaxDescriptor => isReserved ? Descriptors.ForOperators : Descriptors.ForClients;

    public override IMemoryBudget Unread { get; } = isReserved ? new Reserved(memory.For(MemoryKind.Input)) : memory.For(MemoryKind.Input);

    public override bool TryEnter()
    {
        if (!isReserved)
        {
            return memory.TryEnter(MemoryKind.Connections, Costs.Connection);
        }

        memory.Take(MemoryKind.Connections, Costs.Connection);
        return true;
    }

    public override void Leave() => memory.Return(MemoryKind.Connections, Costs.Connection);

    public override void Listens(EndPoint listener, Func<bool> isAccepting) =>
        metrics.ObserveListeners(() => [KeyValuePair.Create(listener.ToString()!, isAccepting())]);

    public override void Waits(EndPoint listener, string reason)
    {
        if (_waits.GetOrAdd(listener, name => new Episode(time, () => logger.ListenerFree(name.ToString()!))).Report())
        {
            logger.ListenerFull(listener.ToString()!, reason);
        }
    }

    public override void Failed(EndPoint listener, Exception error) => SuddenEnd.BecauseListenerFailed(listener.ToString()!, error);

    public void Dispose()
    {
        foreach (var wait in _waits.Values)
        {
            wait.Dispose();
        }
    }

    /// <summary>Counts memory, and is never full.</summary>
    private sealed class Reserved(IMemoryBudget budget) : IMemoryBudget
    {
        public bool IsFull => false;

        public bool TryTake(long bytes)
        {
            budget.Take(bytes);
            return true;
        }

        public void Take(long bytes) => budget.Take(bytes);

        public void Return(long bytes) => budget.Return(bytes);

        public bool Refuses() => false;
    }
}
