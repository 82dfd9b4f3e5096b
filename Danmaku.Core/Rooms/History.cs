using Danmaku.Core.Moderation;

namespace Danmaku.Core.Rooms;

/// <summary>The newest danmaku of a room, without gaps, possibly over several epochs. Bounded by count and by bytes; the oldest are removed first.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
public sealed class History(int maxComments, int maxBytes)
{
    private Entry[] _ring = new Entry[16];
    private int _head;
    private long _bytes;

    /// <summary>The position after which nothing is missing: the one before the oldest entry.</summary>
    public Position Start { get; private set; }

    /// <summary>The newest position. It may be the beginning of an epoch without danmaku.</summary>
    public Position Top { get; private set; }

    public int Count { get; private set; }

    private Entry this[int index] => _ring[(_head + index) & (_ring.Length - 1)];

    /// <summary>Removes everything and begins at <paramref name="start"/>.</summary>
    /// <param name="previous">Where the previous epoch ended. At the beginning of an epoch nothing is missing after that position either.</param>
    public void Reset(Position start, Position previous = default)
    {
        Array.Clear(_ring);
        (_head, Count, _bytes, Top) = (0, 0, 0, start);
        Start = start.Offset == 0 && !previous.IsNone ? previous : start;
    }

    /// <summary>Begins a new epoch. The current one is complete and ends at <see cref="Top"/>.</summary>
    public void Enter(long epoch) => Top = new Position(epoch, 0);

    /// <summary>Appends the danmaku that follows <see cref="Top"/>.</summary>
    /// <param name="previous">Where the epoch before the danmaku's own ended.</param>
    public void Append(Comment comment, Position previous)
    {
        if (comment.Offset != Top.Offset + 1)
        {
            throw new InvalidOperationException($"Offset {comment.Offset} does not follow {Top}");
        }

        if (Count == _ring.Length)
        {
            Grow();
        }

        Top = Top.Next;
        if (comment.Recall is { } recall)
        {
            Withdraw(recall);
        }

        _ring[(_head + Count) & (_ring.Length - 1)] = new Entry(Top.Epoch, previous, comment);
        Count++;
        _bytes += comment.Bytes;
        while (Count > maxComments || (_bytes > maxBytes && Count > 1))
        {
            RemoveOldest();
        }
    }

    /// <summary>The newest danmaku: at most <paramref name="count"/> and <paramref name="maxBytes"/>, or fewer if there are not that many.</summary>
    public IReadOnlyList<Batch> Newest(int count, int maxBytes)
    {
        var (from, bytes) = (Count, 0);
        while (from > 0 && Count - from < count && bytes + this[from - 1].Comment.Bytes <= maxBytes)
        {
            bytes += this[--from].Comment.Bytes;
        }

        return Batches(from, Count);
    }

    /// <summary>
    /// The danmaku after <paramref name="last"/>, in batches of one epoch each, as many as fit into <paramref name="maxBytes"/> but at least one. Empty when
    /// there are none; null when completeness cannot be proved.
    /// </summary>
    /// <remarks>
    /// A viewer may have seen more of a finished epoch than the store kept, because its origin died first, or an epoch of which nothing was kept. Such a viewer
    /// misses nothing either.
    /// </remarks>
    public IReadOnlyList<Batch>? After(Position last, int maxBytes = int.MaxValue)
    {
        // There are no gaps from Start to Top: a viewer between the two misses exactly what follows its position here.
        if (last < Start || last > Top)
        {
            return null;
        }

        var (from, bytes) = (FirstAfter(last), 0);
        var end = from;
        while (end < Count && (end == from || bytes + this[end].Comment.Bytes <= maxBytes))
        {
            bytes += this[end++].Comment.Bytes;
        }

        return Batches(from, end);
    }

    /// <summary>Puts placeholders where a recall, which comes after all that is here, takes something back.</summary>
    public void Withdraw(Recall recall)
    {
        if (recall is Recall.One { Target: var target })
        {
            if (Count > 0 && target > Start && target <= this[Count - 1].Position)
            {
                Withdraw(FirstAfter(target with { Offset = target.Offset - 1 }), recall);
            }

            return;
        }

        for (var index = 0; index < Count; index++)
        {
            Withdraw(index, recall);
        }
    }

    private void Withdraw(int index, Recall recall)
    {
        ref var entry = ref _ring[(_head + index) & (_ring.Length - 1)];
        if (recall.Covers(entry.Epoch, entry.Comment))
        {
            var placeholder = entry.Comment.Recalled();
            _bytes -= entry.Comment.Bytes - placeholder.Bytes;
            entry = entry with { Comment = placeholder };
        }
    }

    private int FirstAfter(Position last)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (this[middle].Position > last)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private List<Batch> Batches(int from, int end)
    {
        var batches = new List<Batch>();
        while (from < end)
        {
            var (first, comments) = (this[from], new List<Comment>());
            for (; from < end && this[from].Epoch == first.Epoch; from++)
            {
                comments.Add(this[from].Comment);
            }

            batches.Add(new Batch(first.Epoch, first.Previous, comments));
        }

        return batches;
    }

    private void RemoveOldest()
    {
        ref var oldest = ref _ring[_head];
        Start = oldest.Position;
        _bytes -= oldest.Comment.Bytes;
        oldest = default;
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
    }

    private void Grow()
    {
        var ring = new Entry[_ring.Length * 2];
        for (var i = 0; i < Count; i++)
        {
            ring[i] = this[i];
        }

        (_ring, _head) = (ring, 0);
    }

    private readonly record struct Entry(long Epoch, Position Previous, Comment Comment)
    {
        public Position Position => new(Epoch, Comment.Offset);
    }
}
