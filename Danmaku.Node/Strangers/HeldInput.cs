using System.Numerics;
using Danmaku.Core.Limits;

namespace Danmaku.Node.Strangers;

/// <summary>A buffer for what one client has sent and nobody could deal with yet, as it counts in the node's budget.</summary>
/// <remarks>Not thread-safe; it has one owner, who keeps it where it is.</remarks>
internal struct HeldInput(MemoryBudget memory)
{
    /// <summary>A smaller buffer costs nothing: it is part of the constant for a connection. So no short message that comes in two pieces is refused.</summary>
    public const int FreeBytes = 1024;

    private int _counted;

    /// <summary>To be asked before a buffer is rented, or a larger one in its place.</summary>
    /// <param name="bytes">What is asked of the pool, which rounds up.</param>
    /// <returns>False when the node has too little memory; the old buffer still counts then.</returns>
    public bool TryHold(int bytes)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)bytes);
        var counted = size > FreeBytes ? size : 0;
        if (counted > _counted && !memory.TryTake(MemoryKind.Input, counted - _counted))
        {
            return false;
        }

        if (counted < _counted)
        {
            memory.Return(MemoryKind.Input, _counted - counted);
        }

        _counted = counted;
        return true;
    }

    /// <summary>The buffer is given back.</summary>
    public void LetGo()
    {
        if (_counted > 0)
        {
            memory.Return(MemoryKind.Input, _counted);
            _counted = 0;
        }
    }
}
