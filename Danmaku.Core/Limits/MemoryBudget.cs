using Danmaku.WebSockets;

namespace Danmaku.Core.Limits;

/// <summary>What clients use memory for.</summary>
public enum MemoryKind
{
    /// <summary>A constant for each open connection.</summary>
    Connections,

    /// <summary>A constant for each HTTP request under way.</summary>
    Requests,

    /// <summary>Received data that is not processed yet: unfinished headers and messages, unread bodies.</summary>
    Input,

    /// <summary>Data that waits for clients that read more slowly than they are sent to.</summary>
    Output,
}

/// <summary>Bounds the memory that all clients of a node use together. Thread-safe; never blocks.</summary>
/// <remarks>
/// New clients get none of the last eighth: it is reserved for connected clients. <see cref="Take(MemoryKind, long)"/> may exceed the bound; then every request
/// is refused until enough memory is returned.
/// </remarks>
/// <param name="bound">Bytes, all kinds together.</param>
/// <param name="refused">Called for each refusal, from any thread; it must not throw.</param>
public sealed class MemoryBudget(long bound, Action<MemoryKind>? refused = null)
{
    private readonly long _forNewcomers = bound - (bound / 8);
    private readonly long[] _byKind = new long[Enum.GetValues<MemoryKind>().Length];
    private long _used;

    public long Bound => bound;

    public long Used => Interlocked.Read(ref _used);

    /// <summary>Whether every request is refused.</summary>
    public bool IsFull => Used >= bound;

    public long UsedFor(MemoryKind kind) => Interlocked.Read(ref _byKind[(int)kind]);

    /// <summary>The same budget for one kind, for callers that know no other kinds.</summary>
    public IMemoryBudget For(MemoryKind kind) => new OfKind(this, kind);

    /// <summary>Takes memory for a new client.</summary>
    /// <returns>False, with nothing taken, when there is too little.</returns>
    public bool TryEnter(MemoryKind kind, long bytes) => TryTake(kind, bytes, _forNewcomers);

    /// <summary>Takes memory for a connected client.</summary>
    /// <returns>False, with nothing taken, when there is too little.</returns>
    public bool TryTake(MemoryKind kind, long bytes) => TryTake(kind, bytes, bound);

    /// <summary>Asks for a connected client whose memory is counted elsewhere, or is not known beforehand.</summary>
    /// <returns>Whether it is refused.</returns>
    public bool Refuses(MemoryKind kind)
    {
        var isFull = IsFull;
        if (isFull)
        {
            refused?.Invoke(kind);
        }

        return isFull;
    }

    /// <summary>Counts memory that is in use in any case.</summary>
    public void Take(MemoryKind kind, long bytes)
    {
        Interlocked.Add(ref _used, bytes);
        Interlocked.Add(ref _byKind[(int)kind], bytes);
    }

    /// <summary>Returns memory that was taken.</summary>
    public void Return(MemoryKind kind, long bytes) => Take(kind, -bytes);

    private bool TryTake(MemoryKind kind, long bytes, long most)
    {
        if (Interlocked.Add(ref _used, bytes) > most)
        {
            Interlocked.Add(ref _used, -bytes);
            refused?.Invoke(kind);
            return false;
        }

        Interlocked.Add(ref _byKind[(int)kind], bytes);
        return true;
    }

    private sealed class OfKind(MemoryBudget budget, MemoryKind kind) : IMemoryBudget
    {
        public bool IsFull => budget.IsFull;

        public bool TryTake(long bytes) => budget.TryTake(kind, bytes);

        public void Take(long bytes) => budget.Take(kind, bytes);

        public void Return(long bytes) => budget.Return(kind, bytes);

        public bool Refuses() => budget.Refuses(kind);
    }
}
