using Danmaku.Core.Rooms;

namespace Danmaku.Core.Segments;

/// <summary>Says that a part of a room's history was withdrawn: segments that touch it have at least this revision.</summary>
/// <param name="Number">From 1; greater than those of the room before it that are kept.</param>
/// <param name="From">The first position of it.</param>
/// <param name="Through">The last position of it; may lie ahead of what has been said.</param>
public readonly record struct Revision(long Number, Position From, Position Through)
{
    /// <summary>Most of one room; a further one is for the whole room, and takes the place of all.</summary>
    public const int MaxPerRoom = 1000;

    /// <summary>Before every danmaku, and after.</summary>
    public static readonly (Position From, Position Through) Everything =
        (Position.None, new Position(Position.MaxInteger, Position.MaxInteger));

    /// <summary>The revision of a segment.</summary>
    public static long Of(Segment segment, IReadOnlyList<Revision> revisions)
    {
        var newest = 0L;
        foreach (var revision in revisions)
        {
            if (revision.Number > newest && revision.From <= segment.End && revision.Through >= segment.First)
            {
                newest = revision.Number;
            }
        }

        return newest;
    }

    /// <summary>Those that a segment can have which is whole when everything up to <paramref name="start"/> has been forgotten.</summary>
    public static IReadOnlyList<Revision> After(IReadOnlyList<Revision> revisions, Position start) =>
        [.. revisions.Where(revision => revision.Through > start)];

    /// <summary>What is kept when a part is withdrawn: what it covers is not needed any more.</summary>
    /// <returns>The new one is the last.</returns>
    public static IReadOnlyList<Revision> Add(IReadOnlyList<Revision> revisions, Position from, Position through)
    {
        var number = 1 + revisions.Select(revision => revision.Number).DefaultIfEmpty().Max();
        List<Revision> kept = [.. revisions.Where(revision => revision.From < from || revision.Through > through)];
        if (kept.Count >= MaxPerRoom)
        {
            kept.Clear();
            (from, through) = Everything;
        }

        return [.. kept, new Revision(number, from, through)];
    }
}
