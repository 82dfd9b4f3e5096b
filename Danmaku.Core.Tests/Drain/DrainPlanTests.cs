using Danmaku.Core.Drain;

namespace Danmaku.Core.Tests.Drain;

public class DrainPlanTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private readonly Random _random = new(1);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(10, 50)]
    [InlineData(200, 1000)]
    [InlineData(2000, 10_000)]
    [InlineData(10_000, 10_000)]
    public void Few_viewers_need_a_part_of_the_window(int viewers, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), DrainPlan.Window(viewers, Longest));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(5000)]
    public void Everybody_goes_once_and_evenly_over_the_window(int viewers)
    {
        var plan = DrainPlan.Spread([.. Enumerable.Range(0, viewers)], Longest, _random.NextDouble);

        var part = DrainPlan.Window(viewers, Longest) / viewers;
        Assert.Equal(Enumerable.Range(0, viewers), plan.Select(each => each.Viewer).Order());
        Assert.All(plan.Index(), each => Assert.InRange(each.Item.At, part * each.Index, part * (each.Index + 1)));
    }

    [Fact]
    public void The_order_of_viewers_is_random()
    {
        var firsts = Enumerable.Range(0, 400).Select(_ => DrainPlan.Spread([0, 1, 2, 3], Longest, _random.NextDouble)[0].Viewer);

        Assert.All(firsts.CountBy(viewer => viewer), each => Assert.InRange(each.Value, 60, 140));
    }

    [Fact]
    public void A_plan_for_no_viewers_is_empty() => Assert.Empty(DrainPlan.Spread<int>([], Longest, _random.NextDouble));

    [Fact]
    public void Without_a_window_all_go_at_once() =>
        Assert.All(DrainPlan.Spread([1, 2, 3], TimeSpan.Zero, _random.NextDouble), each => Assert.Equal(TimeSpan.Zero, each.At));
}
