namespace Danmaku.WebSockets;

/// <summary>What one connection keeps of its client's words, as it counts in a budget.</summary>
/// <remarks>Not thread-safe; it has one owner, who keeps it where it is.</remarks>
/// <param name="budget">Null for no bound.</param>
public struct HeldMemory(IMemoryBudget? budget)
{
    /// <summary>So much costs nothing: it is part of what a connection costs in any case. So no short message that comes in two pieces is refused.</summary>
    public const int FreeBytes = 1024;

    private int _counted;

    /// <summary>Says how much is kept from now on.</summary>
    /// <returns>False when there is too little memory; what was kept before still counts then.</returns>
    public bool TryHold(int bytes)
    {
        var counted = bytes > FreeBytes ? bytes : 0;
        if (counted > _counted && budget?.TryTake(counted - _counted) == false)
        {
            return false;
        }

        if (counted < _counted)
        {
            budget?.Return(_counted - counted);
        }

        _counted = counted;
        return true;
    }

    /// <summary>Nothing is kept any more.</summary>
    public void LetGo()
    {
        if (_counted > 0)
        {
            budget?.Return(_counted);
            _counted = 0;
        }
    }
}
