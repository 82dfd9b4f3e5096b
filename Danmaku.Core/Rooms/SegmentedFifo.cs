namespace Danmaku.Core.Rooms;

/// <summary>
/// A queue that grows in pieces and never copies its entries. If queues doubled, many rooms that fill at the same pace would all copy in the same second; and
/// large arrays cost full garbage collections.
/// </summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
public sealed class SegmentedFifo<T>
{
    /// <summary>Most entries of a piece: <see cref="Smallest"/> doubled a few times.</summary>
    private const int Segment = 256;

    private const int Smallest = 4;

    private readonly List<T[]> _segments = [];

    /// <summary>A free piece to reuse: a queue that loses as much as it gets allocates nothing.</summary>
    private T[]? _spare;

    private int _head;

    public int Count { get; private set; }

    /// <summary>The oldest has index 0.</summary>
    public T this[int index]
    {
        get => Checked(index);
        set => Checked(index) = value;
    }

    public void Enqueue(T item)
    {
        var (segment, place) = Math.DivRem(_head + Count, Segment);
        if (segment == _segments.Count)
        {
            _segments.Add(_spare ?? new T[segment == 0 ? Smallest : Segment]);
            _spare = null;
        }

        var entries = _segments[segment];
        if (place == entries.Length)
        {
            Array.Resize(ref entries, 2 * place);
            _segments[segment] = entries;
        }

        entries[place] = item;
        Count++;
    }

    public bool TryPeek(out T oldest)
    {
        oldest = Count > 0 ? At(0) : default!;
        return Count > 0;
    }

    /// <exception cref="InvalidOperationException">It is empty.</exception>
    public T Dequeue()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("The queue is empty.");
        }

        ref var place = ref At(0);
        var oldest = place;
        place = default!;
        Count--;
        if (++_head == Segment)
        {
            _spare = _segments[0];
            _segments.RemoveAt(0);
            _head = 0;
        }
        else if (Count == 0)
        {
            _head = 0;
        }

        return oldest;
    }

    private ref T Checked(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return ref At(index);
    }

    private ref T At(int index) => ref _segments[(_head + index) / Segment][(_head + index) % Segment];
}
