using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Measure;

/// <summary>What became of each post in one room: what the server answered, and where it was seen.</summary>
/// <remarks>Not thread-safe.</remarks>
/// <param name="isAnswered">Whether the server answers posts; if not, none is ever without an answer.</param>
public sealed class PostBook(bool isAnswered = true)
{
    private static readonly Position Refused = new(-1, 0);

    private readonly List<Entry> _entries = [];
    private readonly SortedDictionary<string, long> _rejected = new(StringComparer.Ordinal);
    private int _firstMeasured = int.MaxValue;
    private int _firstUnmeasured = int.MaxValue;
    private long _acked;
    private long _undurable;
    private long _unknown;
    private long _refused;
    private long _contradictions;

    /// <summary>From when a post was due to its first acknowledgement; measured posts only.</summary>
    public LatencyRecorder AckLatency { get; } = new();

    /// <summary>The furthest position that was acknowledged; every viewer must get there.</summary>
    public Position HighestAcked { get; private set; }

    /// <summary>The lowest position of an acknowledged post that is not warm-up.</summary>
    public Position FirstMeasuredAcked { get; private set; }

    /// <summary>How many posts were sent; they are numbered from 0.</summary>
    public int Count => _entries.Count;

    public long AckedCount => _acked;

    public long Unanswered => isAnswered ? Count - _acked - _unknown - _refused : 0;

    /// <summary>The first post that was not warm-up; beyond all posts as long as there is none.</summary>
    public int FirstMeasured { get; private set; } = int.MaxValue;

    /// <summary>Posts from now on count for the figures, those before only for the sequence.</summary>
    public void BeginMeasuring()
    {
        (_firstMeasured, _firstUnmeasured) = (Count, int.MaxValue);
        FirstMeasured = Math.Min(FirstMeasured, Count);
        AckLatency.Clear();
    }

    /// <summary>Posts from now on count only for the sequence.</summary>
    public void EndMeasuring() => _firstUnmeasured = Count;

    public bool IsMeasured(int number) => number >= _firstMeasured && number < _firstUnmeasured;

    /// <summary>A post is sent.</summary>
    /// <param name="dueMicros">When the schedule wanted it sent, by the run's clock.</param>
    /// <returns>Its number.</returns>
    public int Open(long dueMicros)
    {
        _entries.Add(new Entry(dueMicros, Position.None, IsAnswered: false));
        return Count - 1;
    }

    public bool IsKnown(int number) => number >= 0 && number < Count;

    public long DueOf(int number) => _entries[number].DueMicros;

    /// <summary>Acknowledged. A second acknowledgement says that it is durable now.</summary>
    /// <param name="nowMicros">The run's clock.</param>
    public void Acked(int number, Position position, bool isDurable, long nowMicros)
    {
        Place(number, position);
        if (!Answer(number))
        {
            _undurable -= isDurable ? 1 : 0;
            return;
        }

        _acked++;
        _undurable += isDurable ? 0 : 1;
        HighestAcked = position > HighestAcked ? position : HighestAcked;
        if (number >= FirstMeasured && (FirstMeasuredAcked.IsNone || position < FirstMeasuredAcked))
        {
            FirstMeasuredAcked = position;
        }

        if (IsMeasured(number))
        {
            AckLatency.Record(nowMicros - DueOf(number));
        }
    }

    public void Rejected(int number, string reason)
    {
        Place(number, Refused);
        _refused += Answer(number) ? 1 : 0;
        _rejected[reason] = _rejected.GetValueOrDefault(reason) + 1;
    }

    public void Unknown(int number) => _unknown += Answer(number) ? 1 : 0;

    /// <summary>A viewer got this post at this position.</summary>
    public void Seen(int number, Position position) => Place(number, position);

    /// <summary>Where the post is; <see cref="Position.None"/> as long as nobody said.</summary>
    public Position PositionOf(int number) => _entries[number].Position;

    public Posts Summary() => new(
        Count, _acked, _undurable, new Dictionary<string, long>(_rejected), _unknown, Unanswered, _contradictions);

    private bool Answer(int number)
    {
        var isFirst = !_entries[number].IsAnswered;
        _entries[number] = _entries[number] with { IsAnswered = true };
        return isFirst;
    }

    private void Place(int number, Position position)
    {
        var entry = _entries[number];
        if (entry.Position.IsNone)
        {
            _entries[number] = entry with { Position = position };
        }
        else if (entry.Position != position)
        {
            _contradictions++;
        }
    }

    private readonly record struct Entry(long DueMicros, Position Position, bool IsAnswered);
}

/// <summary>What became of the posts of a run, warm-up included.</summary>
/// <param name="Undurable">Of <paramref name="Acked"/>: never acknowledged as durable.</param>
/// <param name="Rejected">By reason.</param>
/// <param name="Unanswered">Sent, and not a word about it.</param>
/// <param name="Contradictions">Posts that were acknowledged or seen at two positions, or refused and seen.</param>
public sealed record Posts(
    long Sent,
    long Acked,
    long Undurable,
    IReadOnlyDictionary<string, long> Rejected,
    long Unknown,
    long Unanswered,
    long Contradictions)
{
    public static readonly Posts None = new(0, 0, 0, new Dictionary<string, long>(), 0, 0, 0);

    /// <summary>Posts of another room too.</summary>
    public Posts And(Posts other) => new(
        Sent + other.Sent,
        Acked + other.Acked,
        Undurable + other.Undurable,
        Rejected.Concat(other.Rejected).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value)),
        Unknown + other.Unknown,
        Unanswered + other.Unanswered,
        Contradictions + other.Contradictions);
}
