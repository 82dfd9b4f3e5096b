namespace Danmaku.Core.Limits;

/// <summary>Bounds what many owners have together, each of which counts its own. Thread-safe.</summary>
/// <param name="max">Reached, it is full; those who do not look may go beyond it.</param>
public sealed class SharedBudget(int max)
{
    private int _count;

    public bool IsFull => Volatile.Read(ref _count) >= max;

    public void Add(int change) => Interlocked.Add(ref _count, change);
}
