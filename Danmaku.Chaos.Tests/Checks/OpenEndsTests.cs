using Danmaku.Chaos.Checks;

namespace Danmaku.Chaos.Tests.Checks;

public class OpenEndsTests
{
    [Fact]
    public void An_open_end_begins_with_the_first_that_was_not_confirmed()
    {
        var ends = new OpenEnds([(new(1, 5), true), (new(1, 8), false), (new(1, 7), false)]);

        Assert.False(ends.Contains(new(1, 6)));
        Assert.True(ends.Contains(new(1, 7)));
        Assert.True(ends.Contains(new(1, 100)));
        Assert.False(ends.Contains(new(2, 7)));
    }

    [Fact]
    public void Danmaku_before_a_confirmed_one_are_durable_too()
    {
        var ends = new OpenEnds([(new(1, 5), false), (new(1, 6), true)]);

        Assert.False(ends.Contains(new(1, 5)));
        Assert.False(ends.Between(new(1, 5), new(2, 0)));
    }

    [Fact]
    public void A_confirmation_closes_the_end()
    {
        Assert.False(new OpenEnds([(new(1, 5), false), (new(1, 5), true)]).Contains(new(1, 5)));
    }

    [Fact]
    public void Only_epochs_that_were_left_behind_count_between_two_positions()
    {
        var ends = new OpenEnds([(new(2, 1), false)]);

        Assert.True(ends.Between(new(1, 9), new(3, 0)));
        Assert.True(ends.Between(new(2, 1), new(3, 0)));
        Assert.False(ends.Between(new(1, 9), new(2, 1)));
        Assert.False(ends.Between(new(3, 0), new(4, 0)));
    }
}
