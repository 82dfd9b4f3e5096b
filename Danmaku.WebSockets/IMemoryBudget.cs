namespace Danmaku.WebSockets;

/// <summary>Bounds the memory of all connections together. Thread-safe; never blocks.</summary>
public interface IMemoryBudget
{
    /// <summary>Whether no memory is left.</summary>
    bool IsFull { get; }

    /// <summary>Takes memory, if there is enough.</summary>
    /// <returns>False, with nothing taken, when there is too little.</returns>
    bool TryTake(long bytes);

    /// <summary>Counts memory that is in use in any case. May exceed the bound.</summary>
    void Take(long bytes);

    /// <summary>Returns memory.</summary>
    void Return(long bytes);

    /// <summary>Like <see cref="IsFull"/>, for a caller that then goes without memory: an implementation may count that as a refusal.</summary>
    bool Refuses();
}
