namespace Danmaku.WebSockets;

/// <summary>The memory that one connection keeps for unfinished input, counted in a budget.</summary>
/// <remarks>Not thread-safe; it has one owner, which must not copy it.</remarks>
/// <param name="budget">Null for no bound.</param>
public struct HeldMemory(IMemoryBudget? budget)
{
    /// <summary>This many bytes are free: they are part of the cost of a connection. So no short message in two pieces is refused.</summary>
    public const int FreeBytes = 1024;

    private int _counted;

    /// <summary>Sets how many bytes are kept.</summary>
    /// <returns>False when there is too little memory; then the earlier amount still counts.</returns>
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

    /// <summary>Frees everything.</summary>
    public void LetGo()
    {
        if (_counted > 0)
        {
            budget?.Return(_counted);
            _counted = 0;
        }
    }
}
