using Danmaku.Core.Rooms;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Rooms;

public class HistoryTests
{
    private static readonly int Size = Comments.At(1, 1).Bytes;

    [Theory]
    [InlineData(2, "1:3", "1:4", "1:5")]
    [InlineData(0, "1:1", "1:2", "1:3", "1:4", "1:5")]
    [InlineData(5)]
    public void A_viewer_that_comes_back_gets_exactly_the_later_danmaku(long last, params string[] missed)
    {
        var history = Filled(100, (1, 5));

        var batches = history.After(new Position(1, last));

        Assert.Equal(missed, Assert.IsAssignableFrom<IReadOnlyList<Batch>>(batches).Texts());
    }

    [Fact]
    public void Later_danmaku_may_cross_epochs_and_come_in_a_batch_for_each()
    {
        var history = Filled(100, (1, 3), (5, 2), (6, 1));

        var batches = history.After(new Position(1, 2))!;

        Assert.Equal(["1:3", "5:1", "5:2", "6:1"], batches.Texts());
        Assert.Equal([1L, 5L, 6L], batches.Select(batch => batch.Epoch));
        Assert.Equal([Position.None, new Position(1, 3), new Position(5, 2)], batches.Select(batch => batch.Previous));
    }

    [Fact]
    public void A_position_before_the_oldest_or_ahead_of_the_newest_cannot_be_served()
    {
        var history = Filled(3, (7, 10));

        Assert.Equal(new Position(7, 7), history.Start);
        Assert.Null(history.After(new Position(7, 6)));
        Assert.NotNull(history.After(new Position(7, 7)));
        Assert.NotNull(history.After(new Position(7, 10)));
        Assert.Null(history.After(new Position(7, 11)));
        Assert.Null(history.After(new Position(8, 0)));
        Assert.Null(history.After(new Position(6, 100)));
    }

    [Fact]
    public void A_viewer_that_saw_more_of_a_finished_epoch_than_was_kept_misses_nothing()
    {
        var history = Filled(100, (1, 3), (5, 2));

        Assert.Equal(["5:1", "5:2"], history.After(new Position(1, 9))!.Texts());
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(4, 0)]
    [InlineData(5, 0)]
    public void A_viewer_between_two_epochs_gets_the_later_one(long epoch, long offset)
    {
        var history = Filled(100, (1, 3), (4, 0), (5, 2));

        Assert.Equal(["5:1", "5:2"], history.After(new Position(epoch, offset))!.Texts());
    }

    [Fact]
    public void At_the_beginning_of_an_epoch_nothing_is_missing_after_the_end_of_the_one_before()
    {
        var history = new History(100, 100_000);
        history.Reset(new Position(5, 0), new Position(1, 3));
        history.Append(Comments.At(5, 1), new Position(1, 3));

        Assert.Equal(["5:1"], history.After(new Position(1, 3))!.Texts());
        Assert.Null(history.After(new Position(1, 2)));
    }

    [Fact]
    public void After_a_reset_only_what_follows_counts()
    {
        var history = Filled(100, (1, 3));

        history.Reset(new Position(2, 7));
        history.Append(Comments.At(2, 8), default);

        Assert.Null(history.After(new Position(1, 3)));
        Assert.Equal(["2:8"], history.After(new Position(2, 7))!.Texts());
        Assert.Equal(1, history.Count);
    }

    [Fact]
    public void The_newest_are_bounded_by_count_and_by_bytes()
    {
        var history = Filled(100, (1, 3), (5, 2));

        Assert.Equal(["1:3", "5:1", "5:2"], history.Newest(3, int.MaxValue).Texts());
        Assert.Equal(["5:1", "5:2"], history.Newest(3, 2 * Size).Texts());
        Assert.Equal(5, history.Newest(int.MaxValue, int.MaxValue).Texts().Count());
        Assert.Empty(history.Newest(0, int.MaxValue));
        Assert.Empty(history.Newest(10, Size - 1));
    }

    [Fact]
    public void A_page_has_as_many_danmaku_as_fit_and_at_least_one()
    {
        var history = Filled(100, (1, 6), (5, 2));

        Assert.Equal(["1:2", "1:3", "1:4"], history.After(new Position(1, 1), 3 * Size)!.Texts());
        Assert.Equal(["1:2"], history.After(new Position(1, 1), 1)!.Texts());
        Assert.Equal(["1:6", "5:1"], history.After(new Position(1, 5), 2 * Size)!.Texts());
        Assert.Equal(["5:1", "5:2"], history.After(new Position(3, 9), int.MaxValue)!.Texts());
        Assert.Empty(history.After(new Position(5, 2), int.MaxValue)!);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(0, 9)]
    [InlineData(5, 3)]
    [InlineData(6, 1)]
    public void There_is_no_page_where_completeness_cannot_be_proved(long epoch, long offset)
    {
        var history = Filled(6, (1, 6), (5, 2));

        Assert.Null(history.After(new Position(epoch, offset), int.MaxValue));
    }

    [Fact]
    public void A_danmaku_that_does_not_follow_is_a_bug() =>
        Assert.Throws<InvalidOperationException>(() => Filled(10, (1, 3)).Append(Comments.At(1, 5), default));

    [Property(MaxTest = 300)]
    public void It_holds_the_newest_within_its_bounds_and_serves_everybody_who_saw_one_of_them(
        PositiveInt maxComments, PositiveInt maxKept, NonNegativeInt[] epochs)
    {
        var all = new List<Position>();
        var history = new History(maxComments.Item, maxKept.Item * Size * 2);
        history.Reset(new Position(1, 0));
        for (var epoch = 1; epoch <= epochs.Length; epoch++)
        {
            var previous = history.Top;
            history.Enter(epoch);
            for (var offset = 1; offset <= epochs[epoch - 1].Item; offset++)
            {
                history.Append(Comments.At(epoch, offset), previous);
                all.Add(new Position(epoch, offset));
            }
        }

        var bytes = history.After(history.Start)!.SelectMany(batch => batch.Comments).Sum(comment => comment.Bytes);
        Assert.InRange(history.Count, Math.Min(all.Count, 1), Math.Min(all.Count, maxComments.Item));
        Assert.True(bytes <= maxKept.Item * Size * 2);
        for (var i = 0; i < all.Count; i++)
        {
            var rest = history.After(all[i]);
            Assert.Equal(i >= all.Count - history.Count - 1, rest is not null);
            Assert.Equal(all.Skip(i + 1).Select(at => at.ToString()), rest?.Texts() ?? all.Skip(i + 1).Select(at => at.ToString()));
        }
    }

    private static History Filled(int maxComments, params (long Epoch, int Count)[] epochs)
    {
        var history = new History(maxComments, 1_000_000);
        var previous = Position.None;
        history.Reset(new Position(epochs[0].Epoch, 0));
        foreach (var (epoch, count) in epochs)
        {
            history.Enter(epoch);
            for (var offset = 1; offset <= count; offset++)
            {
                history.Append(Comments.At(epoch, offset), previous);
            }

            previous = history.Top;
        }

        return history;
    }
}
