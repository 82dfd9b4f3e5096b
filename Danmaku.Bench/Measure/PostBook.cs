using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Measure;

/// <summary>What became of each post of a run: what the server answered, and where it was seen.</summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="firstMeasured">Posts before this one are the warm-up: they count for the sequence, not for the figures.</param>
public sealed class PostBook(int planned, int firstMeasured)
{
    private static readonly Position Refused = new(-1, 0);

    private readonly Lock _lock = new();
    private readonly Position[] _positions = new Position[planned];
    private readonly long[] _dueMicros = new long[planned];
    private readonly bool[] _isAnswered = new bool[planned];
    private readonly SortedDictionary<string, long> _rejected = new(StringComparer.Ordinal);
    private long _sent;
    private long _acked;
    private long _undurable;
    private long _unknown;
    private long _contradictions;
    private Position _highestAcked;
    private Position _firstMeasuredAcked;

    /// <summary>From when a post was due to its first acknowledgement.</summary>
    public LatencyRecorder AckLatency { get; } = new();

    /// <summary>The furthest position that was acknowledged; every viewer must get there.</summary>
    public Position HighestAcked
    {
        get
        {
            lock (_lock)
            {
                return _highestAcked;
            }
        }
    }

    /// <summary>The lowest position of an acknowledged post that is not warm-up.</summary>
    public Position FirstMeasuredAcked
    {
        get
        {
            lock (_lock)
            {
                return _firstMeasuredAcked;
            }
        }
    }

    public bool IsMeasured(int number) => number >= firstMeasured;

    public void Sent(PostTag tag)
    {
        lock (_lock)
        {
            _dueMicros[tag.Number] = tag.DueMicros;
            _sent++;
        }
    }

    /// <summary>Acknowledged. A second acknowledgement says that it is durable now.</summary>
    /// <param name="nowMicros">The run's clock.</param>
    public void Acked(int number, Position position, bool isDurable, long nowMicros)
    {
        lock (_lock)
        {
            Place(number, position);
            if (_isAnswered[number])
            {
                _undurable -= isDurable ? 1 : 0;
                return;
            }

            _isAnswered[number] = true;
            _acked++;
            _undurable += isDurable ? 0 : 1;
            _highestAcked = position > _highestAcked ? position : _highestAcked;
            if (IsMeasured(number))
            {
                _firstMeasuredAcked = _firstMeasuredAcked.IsNone || position < _firstMeasuredAcked ? position : _firstMeasuredAcked;
                AckLatency.Record(nowMicros - _dueMicros[number]);
            }
        }
    }

    public void Rejected(int number, string reason)
    {
        lock (_lock)
        {
            Place(number, Refused);
            _isAnswered[number] = true;
            _rejected[reason] = _rejected.GetValueOrDefault(reason) + 1;
        }
    }

    public void Unknown(int number)
    {
        lock (_lock)
        {
            _isAnswered[number] = true;
            _unknown++;
        }
    }

    /// <summary>A viewer got this post at this position.</summary>
    public void Seen(int number, Position position)
    {
        lock (_lock)
        {
            Place(number, position);
        }
    }

    /// <summary>Where the post is; <see cref="Position.None"/> as long as nobody said.</summary>
    public Position PositionOf(int number)
    {
        lock (_lock)
        {
            return _positions[number];
        }
    }

    public Posts Summary()
    {
        lock (_lock)
        {
            var answered = _acked + _unknown + _rejected.Values.Sum();
            return new Posts(planned, _sent, _acked, _undurable, new Dictionary<string, long>(_rejected), _unknown, _sent - answered,
                _contradictions);
        }
    }

    private void Place(int number, Position position)
    {
        if (_positions[number].IsNone)
        {
            _positions[number] = position;
        }
        else if (_positions[number] != position)
        {
            _contradictions++;
        }
    }
}

/// <summary>What became of the posts of a run, warm-up included.</summary>
/// <param name="Undurable">Of <paramref name="Acked"/>: never acknowledged as durable.</param>
/// <param name="Rejected">By reason.</param>
/// <param name="Unanswered">Sent, and not a word about it.</param>
/// <param name="Contradictions">Posts that were acknowledged or seen at two positions, or refused and seen.</param>
public sealed record Posts(
    long Planned,
    long Sent,
    long Acked,
    long Undurable,
    IReadOnlyDictionary<string, long> Rejected,
    long Unknown,
    long Unanswered,
    long Contradictions);
