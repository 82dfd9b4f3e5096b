using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Moderation;

public class RecallSetTests
{
    private static readonly UserId Mei = new UserId([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

    private readonly RecallSet _recalls = new();

    [Fact]
    public void An_empty_set_leaves_a_batch_as_it_is()
    {
        var batch = Batch(1, 2);

        Assert.Same(batch, _recalls.Apply(batch));
        Assert.True(_recalls.IsEmpty);
    }

    [Fact]
    public void A_batch_that_no_recall_covers_is_not_copied()
    {
        _recalls.Add(new Recall.One(At(9)), At(10));

        var batch = Batch(1, 2);

        Assert.Same(batch, _recalls.Apply(batch));
    }

    [Fact]
    public void What_arrives_after_its_recall_is_a_placeholder()
    {
        _recalls.Add(new Recall.One(At(2)), At(5));

        Assert.Equal(["1", "", "3"], Texts(Batch(1, 3)));
    }

    [Fact]
    public void A_recall_covers_nothing_that_came_after_it()
    {
        _recalls.Add(Recall.Everything.Instance, At(2));
        _recalls.Add(new Recall.Person(Mei, 0), At(4));
        _recalls.Add(new Recall.One(At(5)), At(4));

        Assert.Equal(["", "", "", "4", "5"], Texts(Batch(1, 5)));
    }

    [Fact]
    public void The_last_recall_of_everything_counts_in_whatever_order_they_come()
    {
        _recalls.Add(Recall.Everything.Instance, At(4));
        _recalls.Add(Recall.Everything.Instance, At(2));

        Assert.Equal(["", "", "", "4"], Texts(Batch(1, 4)));
    }

    [Fact]
    public void It_forgets_the_oldest_recalls_beyond_its_bounds()
    {
        for (var offset = 1; offset <= RecallSet.MaxOnes + 1; offset++)
        {
            _recalls.Add(new Recall.One(At(offset)), At(100_000));
        }

        for (var since = 0; since <= RecallSet.MaxPersons; since++)
        {
            _recalls.Add(new Recall.Person(Mei, 1_000_000 - since), At(100_000));
        }

        Assert.Equal(["1", "", ""], Texts(Batch(1, 3)));
        var said = new Comment(50_000, 1_000_000, "Mei", "first of the recalls of a person is forgotten", CommentStyle.Default, null) { User = Mei };
        Assert.False(_recalls.Apply(1, said).IsShown);
        Assert.True(_recalls.Apply(1, said with { Time = 999_000 }).IsShown);
    }

    private static Position At(long offset) => new(1, offset);

    private static Batch Batch(long from, long through) => new(
        1,
        default,
        [.. Enumerable.Range((int)from, (int)(through - from + 1)).Select(offset => Said(offset))]);

    private static Comment Said(long offset) => new(offset, 1000 + offset, "a", $"{offset}", CommentStyle.Default, null) { User = Mei };

    private IEnumerable<string> Texts(Batch batch) => _recalls.Apply(batch).Comments.Select(comment => comment.Text);
}
