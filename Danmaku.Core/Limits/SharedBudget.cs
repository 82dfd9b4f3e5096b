namespace Danmaku.Core.Limits;

/// <summary>Bounds a count over many owners, each of which adds its own share. Thread-safe.</summary>
/// <param name="max">When the count reaches it, the budget is full; owners that do not check may exceed it.</param>
public sealed class SharedBudget(int max)
{
    private int _count;

    public bool IsFull => Volatile.Read(ref _count) >= max;

    public void Add(int change) => Interlocked.Add(ref _count, change);
}
