using Danmaku.WebSockets;

namespace Danmaku.Core.Limits;

/// <summary>What memory is taken for.</summary>
public enum MemoryKind
{
    /// <summary>A constant for each open connection.</summary>
    Connections,

    /// <summary>A constant for each HTTP request under way.</summary>
    Requests,

    /// <summary>What clients have sent and nobody has dealt with: half headers, half messages, unread bodies.</summary>
    Input,

    /// <summary>What waits for clients that do not read as fast as they are sent.</summary>
    Output,
}

/// <summary>Bounds the memory that strangers take on a node, all of them together. Thread-safe; never blocks.</summary>
/// <remarks>
/// Newcomers get none of the last eighth: it is left to those who are here already. What is taken without asking may go beyond the bound;
/// then everybody who asks is refused until enough was given back.
/// </remarks>
/// <param name="bound">Bytes, all kinds together.</param>
/// <param name="refused">Hears of everybody who is refused. Called from any thread; it must not throw.</param>
public sealed class MemoryBudget(long bound, Action<MemoryKind>? refused = null)
{
    private readonly long _forNewcomers = bound - (bound / 8);
    private readonly long[] _byKind = new long[Enum.GetValues<MemoryKind>().Length];
    private long _used;

    public long Bound => bound;

    public long Used => Interlocked.Read(ref _used);

    /// <summary>Whether everybody is refused.</summary>
    public bool IsFull => Used >= bound;

    public long UsedFor(MemoryKind kind) => Interlocked.Read(ref _byKind[(int)kind]);

    /// <summary>The same budget for one kind, for those who know of no others.</summary>
    public IMemoryBudget For(MemoryKind kind) => new OfKind(this, kind);

    /// <summary>Takes memory for somebody who comes.</summary>
    /// <returns>False, with nothing taken, when there is too little.</returns>
    public bool TryEnter(MemoryKind kind, long bytes) => TryTake(kind, bytes, _forNewcomers);

    /// <summary>Takes memory for somebody who is here already.</summary>
    /// <returns>False, with nothing taken, when there is too little.</returns>
    public bool TryTake(MemoryKind kind, long bytes) => TryTake(kind, bytes, bound);

    /// <summary>Asks for somebody who is here already and whose memory is counted elsewhere, or cannot be told beforehand.</summary>
    /// <returns>Whether it must do without.</returns>
    public bool Refuses(MemoryKind kind)
    {
        var isFull = IsFull;
        if (isFull)
        {
            refused?.Invoke(kind);
        }

        return isFull;
    }

    /// <summary>Takes memory that is in use in any case.</summary>
    public void Take(MemoryKind kind, long bytes)
    {
        Interlocked.Add(ref _used, bytes);
        Interlocked.Add(ref _byKind[(int)kind], bytes);
    }

    /// <summary>Gives back what was taken.</summary>
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
