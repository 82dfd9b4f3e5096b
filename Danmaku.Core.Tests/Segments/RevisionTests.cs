using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;

namespace Danmaku.Core.Tests.Segments;

public class RevisionTests
{
    private static readonly Segment Segment = new(new Position(7, 1001), 1500, 0, 0);

    [Theory]
    [InlineData(1500, 1500, 1)]
    [InlineData(1001, 1001, 1)]
    [InlineData(1, 2000, 1)]
    [InlineData(1, 1000, 0)]
    [InlineData(1501, 1600, 0)]
    public void A_segment_has_the_revision_of_what_it_shares_a_danmaku_with(long from, long through, long revision) =>
        Assert.Equal(revision, Revision.Of(Segment, Revision.Add([], new Position(7, from), new Position(7, through))));

    [Fact]
    public void A_revision_is_never_reused_and_replaces_those_it_covers()
    {
        var revisions = Revision.Add([], new Position(7, 1100), new Position(7, 1100));
        revisions = Revision.Add(revisions, new Position(7, 1), new Position(7, 1));
        Assert.Equal(1, Revision.Of(Segment, revisions));

        revisions = Revision.Add(revisions, Revision.Everything.From, Revision.Everything.Through);

        Assert.Equal(3, Assert.Single(revisions).Number);
        Assert.Equal(3, Revision.Of(Segment, revisions));
        Assert.Equal(3, Revision.Of(Segment with { First = new Position(99, 1), Last = 1 }, revisions));
    }

    [Fact]
    public void Too_many_revisions_become_one_for_the_whole_room()
    {
        IReadOnlyList<Revision> revisions = [];
        for (var i = 1; i <= Revision.MaxPerRoom; i++)
        {
            revisions = Revision.Add(revisions, new Position(7, 2 * i), new Position(7, 2 * i));
        }

        Assert.Equal(Revision.MaxPerRoom, revisions.Count);
        revisions = Revision.Add(revisions, new Position(7, 1), new Position(7, 1));

        Assert.Equal(new Revision(Revision.MaxPerRoom + 1, Revision.Everything.From, Revision.Everything.Through), Assert.Single(revisions));
    }
}
