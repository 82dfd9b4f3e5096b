using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Checks;

/// <summary>All that a room has accepted, in order: what every viewer is measured against. Immutable.</summary>
public sealed class RoomLog
{
    private readonly Position[] _positions;
    private readonly int[] _posts;
    private readonly ILookup<int, Position> _places;

    /// <param name="entries">In any order; of several at one position the first counts.</param>
    public RoomLog(IEnumerable<(Position Position, int Post)> entries)
    {
        (Position Position, int Post)[] sorted = [.. entries.DistinctBy(entry => entry.Position).OrderBy(entry => entry.Position)];
        _positions = [.. sorted.Select(entry => entry.Position)];
        _posts = [.. sorted.Select(entry => entry.Post)];
        _places = sorted.ToLookup(entry => entry.Post, entry => entry.Position);
    }

    public int Count => _positions.Length;

    public IReadOnlyList<Position> Positions => _positions;

    /// <summary>How many there are up to and including a position, whether there is one at it or not.</summary>
    public int CountThrough(Position position)
    {
        var index = Array.BinarySearch(_positions, position);
        return index < 0 ? ~index : index + 1;
    }

    /// <summary>Which post is at a position; null when nothing is.</summary>
    public int? PostAt(Position position) => Array.BinarySearch(_positions, position) is >= 0 and var index ? _posts[index] : null;

    /// <summary>Where a post is, in order; more than once when it was doubled.</summary>
    public IEnumerable<Position> PlacesOf(int post) => _places[post];
}
