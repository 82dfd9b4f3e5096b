namespace Danmaku.WebSockets;

/// <summary>Bounds what all connections together keep of their clients' words. Thread-safe; never blocks.</summary>
public interface IMemoryBudget
{
    /// <returns>False, with nothing taken, when there is too little.</returns>
    bool TryTake(long bytes);

    /// <summary>Gives back what was taken.</summary>
    void Return(long bytes);
}
