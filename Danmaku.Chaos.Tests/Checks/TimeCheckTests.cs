using Danmaku.Chaos.Checks;
using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Tests.Checks;

public class TimeCheckTests
{
    private static readonly DateTimeOffset Begin = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000);
    private static readonly DateTimeOffset End = Begin.AddMinutes(1);

    [Theory]
    [InlineData(0, 0, 0, 1, 2)]
    [InlineData(0, -5, 65)]
    [InlineData(1, -6, 0)]
    [InlineData(1, 0, 66)]
    [InlineData(2, 0, 8 * 86400, 8 * 86400)]
    [InlineData(1, 0, 10, 9)]
    public void Times_are_those_of_the_run_and_do_not_run_backwards(int wrong, params int[] seconds)
    {
        var log = seconds.Select((second, i) => new LoggedPost(new Position(1, i + 1), i, Begin.AddSeconds(second).ToUnixTimeMilliseconds()));

        Assert.Equal(wrong, TimeCheck.CountWrong(log, Begin, End));
    }

    [Fact]
    public void In_another_epoch_times_may_be_a_little_earlier()
    {
        var time = Begin.ToUnixTimeMilliseconds();

        Assert.Equal(0, TimeCheck.CountWrong([new LoggedPost(new Position(1, 1), 1, time + 2000), new LoggedPost(new Position(2, 1), 2, time)], Begin, End));
    }
}
