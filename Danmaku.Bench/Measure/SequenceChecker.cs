using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Measure;

/// <summary>What one viewer saw of a room's order: what is missing, what came twice, what came after its turn.</summary>
/// <remarks>
/// Not thread-safe. An offset that was jumped over is a hole; one that fills a hole later was reordered and is no longer missing;
/// any other that is not ahead was doubled.
/// </remarks>
/// <param name="start">The position before the first danmaku that is due.</param>
public sealed class SequenceChecker(Position start)
{
    /// <summary>Most separate holes that are kept; what would fill an older one then counts as doubled.</summary>
    public const int MaxHoles = 1024;

    /// <summary>In order, and all of the epoch of <see cref="Last"/>.</summary>
    private readonly List<(long From, long Through)> _holes = [];

    /// <summary>The furthest position seen.</summary>
    public Position Last { get; private set; } = start;

    public long Missing { get; private set; }

    /// <summary>Of <see cref="Missing"/>: the server said that it left these out.</summary>
    public long Announced { get; private set; }

    public long Doubled { get; private set; }

    public long Reordered { get; private set; }

    /// <summary>Places where nobody can say what is missing: the server said so, or an epoch began without proof of the last one's end.</summary>
    public long Breaks { get; private set; }

    /// <summary>Danmaku arrived.</summary>
    /// <param name="previous">Where the epoch before ended, as a batch at offset 1 says it.</param>
    public void Accept(Position first, int count, Position? previous = null)
    {
        if (first.Epoch < Last.Epoch)
        {
            Reordered += count;
            return;
        }

        if (first.Epoch > Last.Epoch)
        {
            Enter(first.Epoch, isProven: previous == Last);
        }

        for (; count > 0 && first.Offset <= Last.Offset; count--, first = first.Next)
        {
            Late(first.Offset);
        }

        if (count > 0)
        {
            Jump(first.Offset - 1);
            Last = Last with { Offset = first.Offset + count - 1 };
        }
    }

    /// <summary>The server leaves out everything up to this offset of the epoch.</summary>
    public void Skip(Position through)
    {
        if (through.Epoch > Last.Epoch)
        {
            Enter(through.Epoch, isProven: false);
        }

        Announced += Jump(through.Offset);
    }

    /// <summary>The server cannot prove that nothing was missed up to this position.</summary>
    public void Lose(Position position)
    {
        Breaks++;
        if (position.Epoch > Last.Epoch)
        {
            _holes.Clear();
            Last = position;
        }
        else
        {
            Jump(position.Offset);
        }
    }

    /// <summary>Nothing more will come: what lies between <see cref="Last"/> and this position is missing.</summary>
    public void End(Position last)
    {
        if (last.Epoch > Last.Epoch)
        {
            Enter(last.Epoch, isProven: false);
        }

        if (last.Epoch == Last.Epoch)
        {
            Jump(last.Offset);
        }
    }

    private void Enter(long epoch, bool isProven)
    {
        Breaks += isProven ? 0 : 1;
        _holes.Clear();
        Last = new Position(epoch, 0);
    }

    private long Jump(long through)
    {
        var from = Last.Offset + 1;
        if (through < from)
        {
            return 0;
        }

        if (_holes.Count == MaxHoles)
        {
            _holes.RemoveAt(0);
        }

        _holes.Add((from, through));
        Last = Last with { Offset = through };
        Missing += through - from + 1;
        return through - from + 1;
    }

    private void Late(long offset)
    {
        var index = _holes.FindIndex(hole => hole.From <= offset && offset <= hole.Through);
        if (index < 0)
        {
            Doubled++;
            return;
        }

        Reordered++;
        Missing--;
        var (from, through) = _holes[index];
        _holes.RemoveAt(index);
        if (offset < through)
        {
            _holes.Insert(index, (offset + 1, through));
        }

        if (from < offset)
        {
            _holes.Insert(index, (from, offset - 1));
        }
    }
}
