using System.Text;
using Danmaku.Bench.Measure;
using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Viewers;

/// <summary>A viewer of a server that sends every text message to all in its room, as it is and without a position.</summary>
/// <remarks>
/// Such a server promises no order between different authors, so each author's posts are a sequence of their own. It begins with
/// the first post that comes, at the latest with the first that is not warm-up if the viewer was there by then, and ends with the last that was sent.
/// </remarks>
public class RelayViewer(RoomRun room, LatencyRecorder? latency) : Viewer(room, latency)
{
    private const long Epoch = 1;

    /// <summary>Of each author the post that is next, by its own count; -1 as long as none came.</summary>
    private int[] _next = [];

    /// <summary>Of authors whose sequence is not as it should be.</summary>
    private Dictionary<int, SequenceChecker>? _broken;

    private bool IsSilent => _next.Length == 0;

    private int Authors => Room.Posters.Count;

    public override void Post(PostTag tag) => Link!.Write(Encoding.UTF8.GetBytes(Room.Texts.Text(tag)));

    public override void OnText(ReadOnlySpan<byte> payload, bool isDeflated)
    {
        if (Identify(payload) is >= 0 and var number)
        {
            Follow(number % Authors, number / Authors);
        }
    }

    public override bool HasEverything()
    {
        for (var author = 0; !IsDisconnected && author < Authors; author++)
        {
            if (LastOf(author) is >= 0 and var last && (IsSilent ? !IsLate : _next[author] <= last && !(IsLate && _next[author] < 0)))
            {
                return false;
            }
        }

        return true;
    }

    public override Sequences Check(bool isOver)
    {
        var sum = Sequences.None with { Foreign = Foreign, Silent = isOver && IsSilent && !IsLate ? 1 : 0 };
        for (var author = 0; isOver && !IsDisconnected && author < Authors && !IsSilent; author++)
        {
            var last = LastOf(author);
            if (_next[author] <= last && !(IsLate && _next[author] < 0))
            {
                Sequence(author, Math.Max(0, _next[author])).End(new Position(Epoch, last + 1));
            }
        }

        return (_broken?.Values ?? Enumerable.Empty<SequenceChecker>()).Aggregate(sum, (total, sequence) => total.And(Sequences.Of(sequence)));
    }

    private void Follow(int author, int post)
    {
        if (_next.Length == 0)
        {
            _next = new int[Authors];
            Array.Fill(_next, -1);
        }

        if (_next[author] < 0)
        {
            _next[author] = IsLate ? post : Math.Min(post, FirstMeasuredOf(author));
        }

        if (post == _next[author] && _broken?.ContainsKey(author) != true)
        {
            _next[author]++;
            return;
        }

        var sequence = Sequence(author, _next[author]);
        sequence.Accept(new Position(Epoch, post + 1), 1);
        _next[author] = (int)sequence.Last.Offset;
    }

    /// <param name="next">The post that is next. Offsets are one more, as they begin with 1.</param>
    private SequenceChecker Sequence(int author, int next)
    {
        _broken ??= [];
        if (!_broken.TryGetValue(author, out var sequence))
        {
            _broken[author] = sequence = new SequenceChecker(new Position(Epoch, next));
        }

        return sequence;
    }

    private int FirstMeasuredOf(int author) =>
        Room.Book.FirstMeasured == int.MaxValue ? int.MaxValue : (Room.Book.FirstMeasured - author + Authors - 1) / Authors;

    private int LastOf(int author) => Room.Book.Count > author ? (Room.Book.Count - 1 - author) / Authors : -1;
}
