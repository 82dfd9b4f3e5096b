using Danmaku.Core.Rooms;

namespace Danmaku.Core.Segments;

/// <summary>A withdrawn part of a room's history: segments that touch it have at least this revision.</summary>
/// <param name="Number">From 1; greater than all earlier ones that are kept of the room.</param>
/// <param name="From">The first position of it.</param>
/// <param name="Through">The last position of it; may be beyond the newest danmaku.</param>
public readonly record struct Revision(long Number, Position From, Position Through)
{
    /// <summary>Most revisions of one room; one more covers the whole room and replaces all others.</summary>
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

    /// <summary>The revisions that still matter when everything up to <paramref name="start"/> was deleted.</summary>
    public static IReadOnlyList<Revision> After(IReadOnlyList<Revision> revisions, Position start) =>
        [.. revisions.Where(revision => revision.Through > start)];

    /// <summary>The revisions after a part is withdrawn: those that it covers are not needed any more.</summary>
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
