namespace Danmaku.WebSockets;

/// <summary>Bounds what all connections together keep in memory. Thread-safe; never blocks.</summary>
public interface IMemoryBudget
{
    /// <summary>Whether nothing is left.</summary>
    bool IsFull { get; }

    /// <summary>Takes memory, if there is enough.</summary>
    /// <returns>False, with nothing taken, when there is too little.</returns>
    bool TryTake(long bytes);

    /// <summary>Takes memory that is in use in any case. It may go beyond the bound.</summary>
    void Take(long bytes);

    /// <summary>Gives back what was taken.</summary>
    void Return(long bytes);

    /// <summary>Like <see cref="IsFull"/>, asked by somebody who must do without if so: an implementation may count that as a refusal.</summary>
    bool Refuses();
}
