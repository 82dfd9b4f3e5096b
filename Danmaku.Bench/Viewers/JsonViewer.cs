using Danmaku.Bench.Measure;
using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Viewers;

/// <summary>A viewer that speaks danmaku.v1.json, and can post.</summary>
/// <remarks>
/// One that measures has every batch read in full, by itself or by another one that got the same bytes. The others look only at
/// offsets when nobody has read theirs yet.
/// </remarks>
public sealed class JsonViewer(RoomRun room, LatencyRecorder? latency, Inflater inflater) : Viewer(room, latency)
{
    private SequenceChecker? _sequence;
    private int _expected;

    public override void OnOpen()
    {
        Link!.Write("""{"type":"join","history":0}"""u8);
        Link.Flush();
    }

    public override void Post(PostTag tag) => Link!.Write(Room.Texts.PostMessage(tag));

    public override bool HasEverything() => IsDisconnected || (_sequence is { } sequence && sequence.Last >= Room.Book.HighestAcked);

    public override Sequences Check(bool isOver)
    {
        if (_sequence is null)
        {
            return Sequences.None with { Silent = 1, Foreign = Foreign };
        }

        if (isOver && !IsDisconnected)
        {
            _sequence.End(Room.Book.HighestAcked);
        }

        return Sequences.Of(_sequence) with { Foreign = Foreign };
    }

    public override void OnText(ReadOnlySpan<byte> payload, bool isDeflated)
    {
        if (!isDeflated && !payload.StartsWith("{\"type\":\"batch\""u8))
        {
            Room.Message.Read(payload, Room.Texts);
            OnMessage(Room.Message);
        }
        else if (Room.Frames.Find(payload, ref _expected) is { } known)
        {
            Deliver(known);
        }
        else
        {
            OnNewFrame(payload, isDeflated);
        }
    }

    private void OnNewFrame(ReadOnlySpan<byte> payload, bool isDeflated)
    {
        var message = isDeflated ? inflater.Inflate(payload) : payload;
        var isUsual = BatchScanner.TryScan(message, out var first, out var count);
        if (isUsual && Latency is null && !isDeflated)
        {
            Deliver(first, count, previous: null);
            return;
        }

        Room.Message.Read(message, Room.Texts);
        if (isUsual && (Room.Message.First != first || Room.Message.Comments.Count != count))
        {
            throw new InvalidDataException("a batch in a form that this tool's scan does not count rightly");
        }

        if (Room.Message.Type != "batch")
        {
            OnMessage(Room.Message);
            return;
        }

        var frame = Room.Frames.Add(payload, Room.Message, ref _expected);
        Place(frame);
        Deliver(frame);
    }

    private void Place(KnownFrame frame)
    {
        for (var i = 0; i < frame.Comments.Count; i++)
        {
            if (frame.Comments[i] is { } tag)
            {
                Room.Book.Seen(Known(tag.Number), frame.First with { Offset = frame.First.Offset + i });
            }
        }
    }

    private int Known(int number) => Room.Book.IsKnown(number) ? number : throw new InvalidDataException("a danmaku of this run that nobody has posted");

    private void OnMessage(ServerMessage message)
    {
        switch (message.Type)
        {
            case "welcome":
                _sequence = new SequenceChecker(message.Position);
                IsJoined = true;
                break;
            case "skipped":
                Checker.Skip(new Position(message.First.Epoch, message.Through));
                break;
            case "lost":
                Checker.Lose(message.Position);
                break;
            case "ack" when Room.Texts.TryReadId(message.Id) is { } number:
                Room.Book.Acked(Known(number), message.Position, message.IsDurable, Room.Loop.Now);
                break;
            case "reject" when Room.Texts.TryReadId(message.Id) is { } number:
                Room.Book.Rejected(Known(number), message.Reason ?? "no reason");
                break;
            case "unknown" when Room.Texts.TryReadId(message.Id) is { } number:
                Room.Book.Unknown(Known(number));
                break;
        }
    }

    private void Deliver(KnownFrame frame)
    {
        for (var i = 0; Latency is not null && i < frame.Comments.Count; i++)
        {
            if (frame.Comments[i] is { } tag)
            {
                Arrived(tag.Number);
            }
            else
            {
                Foreign++;
            }
        }

        Deliver(frame.First, frame.Comments.Count, frame.Previous);
    }

    private void Deliver(Position first, int count, Position? previous)
    {
        Deliveries += count;
        Checker.Accept(first, count, previous);
    }

    private SequenceChecker Checker => _sequence ?? throw new InvalidDataException("danmaku before the welcome");
}
