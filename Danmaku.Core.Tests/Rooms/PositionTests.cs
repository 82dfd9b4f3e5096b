using Danmaku.Core.Rooms;
using Danmaku.Testing;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Rooms;

public class PositionTests
{
    [Property]
    public void Positions_are_ordered_by_epoch_and_then_by_offset(
        NonNegativeInt epoch, NonNegativeInt offset, NonNegativeInt otherEpoch, NonNegativeInt otherOffset)
    {
        var (left, right) = (new Position(epoch.Item, offset.Item), new Position(otherEpoch.Item, otherOffset.Item));

        var order = (epoch.Item, offset.Item).CompareTo((otherEpoch.Item, otherOffset.Item));

        Assert.Equal(order < 0, left < right);
        Assert.Equal(order > 0, left > right);
        Assert.Equal(order <= 0, left <= right);
        Assert.Equal(order >= 0, left >= right);
        Assert.Equal(order == 0, left == right);
        Assert.Equal(order, Math.Sign(left.CompareTo(right)));
    }

    [Fact]
    public void None_is_before_everything()
    {
        Assert.True(Position.None.IsNone);
        Assert.False(new Position(1, 0).IsNone);
        Assert.True(Position.None < new Position(1, 0));
    }

    [Fact]
    public void The_next_one_is_in_the_same_epoch() => Assert.Equal(new Position(7, 42), new Position(7, 41).Next);

    [Fact]
    public void A_new_epoch_is_the_time_in_milliseconds()
    {
        var time = new ManualTimeProvider();

        Assert.Equal(time.Now, Epochs.Next(0, time));
        Assert.Equal(time.Now, Epochs.Next(time.Now - 1, time));
    }

    [Property]
    public void A_new_epoch_is_later_than_the_last_whatever_the_clock_did(NonNegativeInt ahead, int shift)
    {
        var time = new ManualTimeProvider();
        var last = time.Now + ahead.Item;
        time.Shift(TimeSpan.FromMilliseconds(shift));

        var next = Epochs.Next(last, time);

        Assert.Equal(Math.Max(last + 1, time.Now), next);
    }

    [Fact]
    public void Epochs_fit_into_53_bits_by_any_clock_and_grow_also_after_one_that_was_far_ahead()
    {
        var (time, ahead) = (new ManualTimeProvider(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds());

        var wrong = Epochs.Next(time.Now, ahead);

        Assert.Equal(ahead, wrong);
        Assert.Equal(wrong + 1, Epochs.Next(wrong, time));
        Assert.True(wrong < Position.MaxInteger / 30);
    }
}
