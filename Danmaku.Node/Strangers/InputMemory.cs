using Danmaku.Core.Limits;
using Danmaku.WebSockets;

namespace Danmaku.Node.Strangers;

/// <summary>What WebSockets keep of their clients' words, as it counts in the node's budget.</summary>
internal sealed class InputMemory(MemoryBudget memory) : IMemoryBudget
{
    public bool TryTake(long bytes) => memory.TryTake(MemoryKind.Input, bytes);

    public void Return(long bytes) => memory.Return(MemoryKind.Input, bytes);
}
