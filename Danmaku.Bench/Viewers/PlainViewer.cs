using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Viewers;

/// <summary>A viewer that speaks plain text: a danmaku says nothing but its text, from which this knows the post.</summary>
/// <remarks>
/// The order it must come in is what acknowledgements and viewers of danmaku.v1.json say, which may be known later than the text
/// comes: judged is at the end. Nothing tells a plain viewer when it is in the room, so its sequence begins with the first danmaku
/// that it gets, at the latest with the first that is not warm-up if it was there by then.
/// </remarks>
public sealed class PlainViewer(RoomRun room, LatencyRecorder? latency) : Viewer(room, latency)
{
    private int _begin = -1;
    private int _end;

    /// <summary>What came since this viewer's order was another one than the others'.</summary>
    private List<int>? _own;

    public override void Post(PostTag tag) => throw new NotSupportedException("Plain text has no acknowledgements.");

    public override bool HasEverything() =>
        IsDisconnected
        || (_begin < 0 && IsLate && IsJoined)
        || (_begin >= 0 && _end + (_own?.Count ?? 0) >= Room.Order.Count && Room.Order.Count >= Room.Book.AckedCount);

    public override void OnText(ReadOnlySpan<byte> payload, bool isDeflated)
    {
        if (Identify(payload) is >= 0 and var number)
        {
            Follow(number);
        }
    }

    public override Sequences Check(bool isOver)
    {
        if (_begin < 0)
        {
            return Sequences.None with { Silent = IsLate ? 0 : 1, Foreign = Foreign };
        }

        var judged = _own is null && !IsDisconnected && !IsLate ? Room.Judge(_begin, _end, () => Judge(isOver)) : Judge(isOver);
        return judged with { Foreign = Foreign };
    }

    private void Follow(int number)
    {
        if (_own is not null)
        {
            _own.Add(number);
        }
        else if (_begin < 0)
        {
            _begin = Room.Order.PlaceOf(number);
            _end = _begin + 1;
        }
        else if (Room.Order.Follows(_end, number))
        {
            _end++;
        }
        else
        {
            _own = [number];
        }
    }

    private Sequences Judge(bool isOver)
    {
        SequenceChecker? sequence = null;
        var unplaced = 0;
        for (var i = _begin; i < _end + (_own?.Count ?? 0); i++)
        {
            var position = Room.Book.PositionOf(i < _end ? Room.Order[i] : _own![i - _end]);
            if (position.IsNone)
            {
                unplaced++;
                continue;
            }

            if (sequence is null)
            {
                var due = Room.Book.FirstMeasuredAcked;
                var first = !IsLate && !due.IsNone && due < position ? due : position;
                sequence = new SequenceChecker(first with { Offset = first.Offset - 1 });
            }

            sequence.Accept(position, 1);
        }

        if (isOver && !IsDisconnected)
        {
            sequence?.End(Room.Book.HighestAcked);
        }

        return (sequence is null ? Sequences.None : Sequences.Of(sequence)) with { Unplaced = unplaced };
    }
}
