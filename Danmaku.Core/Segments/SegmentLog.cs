using Danmaku.Core.Rooms;

namespace Danmaku.Core.Segments;

/// <summary>Cuts a room's log into segments. Each danmaku belongs to one segment. Every origin finds the same segments, from wherever it has the log.</summary>
/// <remarks>
/// Not thread-safe; it has one owner. Holds one value for each segment and no danmaku. If the log begins in the middle of a segment, that segment is left out.
/// </remarks>
public sealed class SegmentLog
{
    private readonly List<Segment> _segments = [];
    private (long Epoch, Comment Comment)? _last;

    /// <summary>All segments, oldest first; only the last may still grow, see <see cref="IsSealed"/>.</summary>
    public IReadOnlyList<Segment> Segments => _segments;

    /// <summary>The position of the last danmaku that was added; none before the first.</summary>
    public Position Through => _last is var (epoch, comment) ? new Position(epoch, comment.Offset) : Position.None;

    /// <summary>Adds the next danmaku of the log. Those added before are ignored.</summary>
    public void Add(Batch batch)
    {
        foreach (var comment in batch.Comments.Where(comment => new Position(batch.Epoch, comment.Offset) > Through))
        {
            Add(batch.Epoch, comment);
        }
    }

    /// <summary>Removes segments that are not complete any more when everything up to <paramref name="start"/> was deleted.</summary>
    public void Forget(Position start)
    {
        var gone = _segments.FindIndex(segment => Segment.IsWhole(segment.First, start));
        _segments.RemoveRange(0, gone < 0 ? _segments.Count : gone);
    }

    /// <summary>Whether nothing can be added to a segment any more.</summary>
    /// <param name="segment">One of <see cref="Segments"/>.</param>
    /// <param name="epoch">The room's epoch, read before the log: nothing can be added to earlier epochs.</param>
    public bool IsSealed(Segment segment, long epoch) => segment.IsFull || segment.First.Epoch < epoch || segment.End < Through;

    private void Add(long epoch, Comment comment)
    {
        var before = _last?.Epoch == epoch ? _last.Value.Comment : null;
        _last = (epoch, comment);
        if (before is null ? Segment.IsAligned(comment.Offset) : Segment.Begins(comment, before))
        {
            _segments.Add(new Segment(new Position(epoch, comment.Offset), comment.Offset, comment.Time, comment.Time));
        }
        else if (_segments is [.., var open] && open.First.Epoch == epoch)
        {
            _segments[^1] = open with { Last = comment.Offset, To = comment.Time };
        }
    }
}
