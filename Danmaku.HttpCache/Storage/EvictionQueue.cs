namespace Danmaku.HttpCache.Storage;

/// <summary>
/// Chooses which items to keep under a budget and which to remove: S3-FIFO (Yang et al., SOSP 2023). New items wait in a small queue, a tenth of the budget.
/// Only items that are used again there, or come back soon after, enter the main queue. So any number of items that are requested once cannot push out items
/// that are requested often.
/// </summary>
/// <remarks>Changes need one thread at a time; <see cref="Slot.Touch"/> may be called by any thread.</remarks>
internal sealed class EvictionQueue<T>(long budget, Action<T> evicted)
    where T : class
{
    private const int MaxUses = 3;

    private readonly LinkedList<Slot> _small = [];
    private readonly LinkedList<Slot> _main = [];
    private readonly Queue<int> _ghostOrder = new();
    private readonly Dictionary<int, int> _ghosts = [];
    private long _smallCost;
    private long _mainCost;

    public long Cost => Interlocked.Read(ref _smallCost) + Interlocked.Read(ref _mainCost);

    public int Count => _small.Count + _main.Count;

    /// <param name="hash">Identifies the item when it comes back.</param>
    public Slot Add(T item, long cost, int hash)
    {
        var isKnown = _ghosts.ContainsKey(hash);
        var slot = new Slot(item, cost, hash) { IsMain = isKnown };
        Enter(slot);
        EvictTo(budget);
        return slot;
    }

    /// <summary>Removes items until the rest costs no more than <paramref name="cost"/>.</summary>
    public void EvictTo(long cost)
    {
        while (Cost > cost && EvictOne(cost))
        {
        }
    }

    public void Remove(Slot slot)
    {
        if (slot.Node is { List: not null } node)
        {
            Leave(slot, node);
        }
    }

    private bool EvictOne(long cost)
    {
        if (_small.Last is { } oldest && (_smallCost > cost / 10 || _main.Last is null))
        {
            Leave(oldest.Value, oldest);
            if (oldest.Value.Uses > 1)
            {
                oldest.Value.Reset();
                oldest.Value.IsMain = true;
                Enter(oldest.Value);
                return true;
            }

            Remember(oldest.Value.Hash);
            evicted(oldest.Value.Item);
            return true;
        }

        if (_main.Last is not { } last)
        {
            return false;
        }

        Leave(last.Value, last);
        if (last.Value.TakeUse())
        {
            Enter(last.Value);
            return true;
        }

        evicted(last.Value.Item);
        return true;
    }

    private void Enter(Slot slot)
    {
        slot.Node = (slot.IsMain ? _main : _small).AddFirst(slot);
        Interlocked.Add(ref slot.IsMain ? ref _mainCost : ref _smallCost, slot.Cost);
    }

    private void Leave(Slot slot, LinkedListNode<Slot> node)
    {
        node.List!.Remove(node);
        slot.Node = null;
        Interlocked.Add(ref slot.IsMain ? ref _mainCost : ref _smallCost, -slot.Cost);
    }

    /// <summary>Remembers as many hashes as there are items, at least a thousand.</summary>
    private void Remember(int hash)
    {
        _ghostOrder.Enqueue(hash);
        _ghosts[hash] = _ghosts.GetValueOrDefault(hash) + 1;
        while (_ghostOrder.Count > Math.Max(1000, Count))
        {
            var forgotten = _ghostOrder.Dequeue();
            if (--_ghosts[forgotten] == 0)
            {
                _ghosts.Remove(forgotten);
            }
        }
    }

    /// <summary>An item in the queue.</summary>
    internal sealed class Slot(T item, long cost, int hash)
    {
        private int _uses;

        public T Item => item;

        public long Cost => cost;

        public int Hash => hash;

        public int Uses => _uses;

        public bool IsMain { get; set; }

        public LinkedListNode<Slot>? Node { get; set; }

        /// <summary>Marks the item as used. A lost update between two threads does no harm.</summary>
        public void Touch()
        {
            if (_uses < MaxUses)
            {
                _uses++;
            }
        }

        public void Reset() => _uses = 0;

        public bool TakeUse() => _uses > 0 && _uses-- > 0;
    }
}
