using Danmaku.Bench.Measure;
using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Client;

/// <summary>A viewer that speaks plain text: a danmaku says nothing but its text, from which this knows the post.</summary>
/// <remarks>
/// The order it must come in is what acknowledgements and viewers of danmaku.v1.json say. As they may come later than the text,
/// texts wait here until their position is known. Nothing tells a plain viewer when it is in the room, so its sequence begins with
/// the first danmaku that it gets, at the latest with the first that is not warm-up.
/// </remarks>
public sealed class PlainViewer(Audience audience, bool isSampled) : ViewerClient
{
    // Guards the two below: Settle is called from outside, too.
    private readonly Lock _lock = new();
    private readonly Queue<int> _unplaced = new();
    private SequenceChecker? _sequence;

    /// <summary>Danmaku whose position nobody told; none after a run in which all posts were answered.</summary>
    public int Unplaced => _unplaced.Count;

    public override SequenceChecker? Sequence => _sequence;

    protected override string? Subprotocol => null;

    public override void OnText(ReadOnlySpan<byte> message)
    {
        Deliveries++;
        if (audience.Texts.TryRead(message) is not { } tag)
        {
            Foreign++;
            return;
        }

        if (isSampled)
        {
            audience.Arrived(tag);
        }

        lock (_lock)
        {
            _unplaced.Enqueue(tag.Number);
        }

        Settle();
    }

    public override void Settle()
    {
        lock (_lock)
        {
            while (_unplaced.TryPeek(out var number) && audience.Book.PositionOf(number) is { IsNone: false } position)
            {
                _unplaced.Dequeue();
                _sequence ??= new SequenceChecker(Start(position));
                _sequence.Accept(position, 1);
            }
        }
    }

    private Position Start(Position first)
    {
        var due = audience.Book.FirstMeasuredAcked;
        var start = !due.IsNone && due < first ? due : first;
        return start with { Offset = start.Offset - 1 };
    }
}
