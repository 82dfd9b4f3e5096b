using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Viewers;

/// <summary>A batch that was read in full.</summary>
public sealed class KnownFrame
{
    private byte[] _payload = [];
    private int _length;

    /// <summary>Which one it is of all that were added.</summary>
    public int Index { get; private set; } = -1;

    public Position First { get; private set; }

    public Position? Previous { get; private set; }

    /// <summary>Each danmaku's post; null for one that is not of this run.</summary>
    public List<PostTag?> Comments { get; } = [];

    public bool Is(ReadOnlySpan<byte> payload) => payload.Length == _length && payload.SequenceEqual(_payload.AsSpan(0, _length));

    internal void Set(int index, ReadOnlySpan<byte> payload, ServerMessage batch)
    {
        if (_payload.Length < payload.Length)
        {
            _payload = new byte[payload.Length * 2];
        }

        payload.CopyTo(_payload);
        (Index, _length, First, Previous) = (index, payload.Length, batch.First, batch.Previous);
        Comments.Clear();
        Comments.AddRange(batch.Comments);
    }
}

/// <summary>The newest batches of a room as they came: whoever gets the same bytes need not read them again.</summary>
/// <remarks>
/// Comparing bytes costs a small part of reading them, and says more than a scan: everything in this viewer's message is what
/// was read in full. Compressed batches are kept as they came, so that each is inflated once.
/// </remarks>
public sealed class FrameCache
{
    /// <summary>How far apart viewers may be; who is further behind reads for itself.</summary>
    private const int Size = 64;

    private readonly KnownFrame[] _ring = [.. Enumerable.Range(0, Size).Select(_ => new KnownFrame())];
    private int _count;

    /// <summary>The batch with these bytes; null when it is not known.</summary>
    /// <param name="expected">The one that comes next in this viewer's order; changed to the one after what was found.</param>
    public KnownFrame? Find(ReadOnlySpan<byte> payload, ref int expected)
    {
        var next = _ring[expected % Size];
        if (next.Index == expected && next.Is(payload))
        {
            expected++;
            return next;
        }

        for (var i = _count - 1; i >= 0 && i >= _count - Size; i--)
        {
            if (_ring[i % Size].Is(payload))
            {
                expected = i + 1;
                return _ring[i % Size];
            }
        }

        return null;
    }

    /// <param name="payload">As it came, compressed or not.</param>
    public KnownFrame Add(ReadOnlySpan<byte> payload, ServerMessage batch, ref int expected)
    {
        var frame = _ring[_count % Size];
        frame.Set(_count++, payload, batch);
        expected = _count;
        return frame;
    }
}
