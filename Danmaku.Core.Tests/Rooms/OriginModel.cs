using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>
/// A room as its origins know it, over several epochs and as simple as can be: all danmaku in one list. Says what an origin says:
/// slices, heads, answers to fetches.
/// </summary>
internal sealed class OriginModel
{
    private readonly List<(Position At, Comment Comment)> _all = [];
    private readonly Dictionary<long, Position> _previous = [];

    private readonly HashSet<Position> _recalled = [];

    /// <summary>Danmaku of epochs whose origin died before the store had them: published, and no part of the room's history.</summary>
    private readonly Dictionary<long, List<Comment>> _unkept = [];

    /// <summary>The newest that an origin can still serve.</summary>
    public int Kept { get; init; } = int.MaxValue;

    /// <summary>Most danmaku in an answer.</summary>
    public int PageSize { get; init; } = 5;

    public IReadOnlyList<(Position At, Comment Comment)> All => _all;

    public Position Top { get; private set; }

    public RoomHead Head => new(Top, _previous[Top.Epoch]);

    /// <summary>A new life of the room.</summary>
    /// <param name="isEndKnown">Whether its origin knows how the life before ended.</param>
    public void Begin(long epoch, bool isEndKnown = true)
    {
        // An epoch of which nothing was kept is no predecessor: whoever has what was before it misses nothing.
        _previous[epoch] = !isEndKnown ? default : _all.Count > 0 ? _all[^1].At : new Position(_previous.Keys.DefaultIfEmpty().Min(), 0);
        Top = new Position(epoch, 0);
    }

    public void Post(int count)
    {
        for (; count > 0; count--)
        {
            Top = Top.Next;
            _all.Add((Top, Make(Top)));
        }
    }

    /// <summary>Takes back a danmaku that is kept, with an entry of its own.</summary>
    public void Recall(int index)
    {
        var (at, comment) = _all[index];
        if (comment.Recall is null)
        {
            _all[index] = (at, comment.Recalled());
            _recalled.Add(at);
        }

        Top = Top.Next;
        _all.Add((Top, new Comment(Top.Offset, 1000 + Top.Offset, "", "", CommentStyle.Default, null) { Recall = new Recall.One(at) }));
    }

    /// <summary>Whether a danmaku has been taken back.</summary>
    public bool IsRecalled(Position at) => _recalled.Contains(at);

    /// <summary>Danmaku behind the end of the current epoch, which its next origin does not know of.</summary>
    public void PostUnkept(int count) =>
        _unkept[Top.Epoch] = [.. Enumerable.Range(1, count).Select(i => Make(Top with { Offset = Top.Offset + i }))];

    public Comment? Unkept(Position at) =>
        _unkept.GetValueOrDefault(at.Epoch)?.Find(comment => comment.Offset == at.Offset);

    public Position PreviousOf(long epoch) => _previous[epoch];

    /// <summary>What an origin published: some danmaku of one epoch around the one at <paramref name="index"/>.</summary>
    public Batch Slice(int index, int length)
    {
        var epoch = _all[index].At.Epoch;
        var comments = _all.Skip(index).Take(length).Where(entry => entry.At.Epoch == epoch).Select(entry => entry.Comment).ToList();
        if (_all.Skip(index).All(entry => entry.At.Epoch != epoch || comments.Contains(entry.Comment)))
        {
            comments.AddRange(_unkept.GetValueOrDefault(epoch, []));
        }

        return new Batch(epoch, _previous[epoch], comments);
    }

    /// <summary>What the current origin answers to an edge that has everything to <paramref name="have"/>.</summary>
    public Answer Ask(Position have)
    {
        var kept = Suffix();
        if (have > Top)
        {
            return new Answer(have, true, Head, Pages(kept));
        }

        // Position (E, 0) of the oldest epoch kept counts as kept when its predecessor is: nothing is between the two.
        var start = kept.Count == 0 ? Top : Before(kept[0].At);
        if (have.IsNone)
        {
            // One that begins gets all there is, from its beginning.
            have = start;
        }

        return have >= start
            ? new Answer(have, false, Head, [.. Pages([.. kept.Where(entry => entry.At > have).Take(PageSize)]).Take(1)])
            : new Answer(have, true, Head, Pages([.. kept.TakeLast(PageSize)]));
    }

    /// <summary>What can be served: no further back than the first epoch whose origin knew nothing of the one before.</summary>
    private List<(Position At, Comment Comment)> Suffix()
    {
        var unknown = _previous.Where(epoch => epoch.Value.IsNone).Max(epoch => epoch.Key);
        return [.. _all.Where(entry => entry.At.Epoch >= unknown).TakeLast(Kept)];
    }

    private Position Before(Position at) =>
        at.Offset > 1 ? at with { Offset = at.Offset - 1 }
        : _previous[at.Epoch] is { IsNone: false } previous ? previous
        : at with { Offset = 0 };

    private List<Batch> Pages(List<(Position At, Comment Comment)> entries) =>
    [
        .. entries.GroupBy(entry => entry.At.Epoch)
            .Select(epoch => new Batch(epoch.Key, _previous[epoch.Key], [.. epoch.Select(entry => entry.Comment)])),
    ];

    private static Comment Make(Position at) =>
        new(at.Offset, 1000 + at.Offset, "a", $"{at}", CommentStyle.Default, null);

    /// <summary>An origin's answer, on its way to the edge.</summary>
    /// <param name="Have">What the edge said that it has.</param>
    internal sealed record Answer(Position Have, bool IsGone, RoomHead Head, IReadOnlyList<Batch> Page)
    {
        public void GiveTo(EdgeRoom edge)
        {
            if (IsGone)
            {
                edge.OnGone(Have, Head, Page);
            }
            else
            {
                edge.Attached(Head, Page);
            }
        }
    }
}
