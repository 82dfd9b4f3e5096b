using Danmaku.Core.Clocks;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Clocks;

public sealed class AgreedTimeTests
{
    private readonly ManualTimeProvider _system = new();
    private readonly AgreedTime _time;

    public AgreedTimeTests() => _time = new AgreedTime(_system);

    [Theory]
    [InlineData(8 * 24)]
    [InlineData(-8 * 24)]
    public void A_wall_clock_that_jumps_is_not_followed_and_time_goes_on(int hours)
    {
        var start = _time.GetUtcNow();

        _system.Shift(TimeSpan.FromHours(hours));
        _system.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(start + TimeSpan.FromMinutes(1), _time.GetUtcNow());
        Assert.Equal(TimeSpan.FromHours(hours), _time.Ahead);
    }

    [Fact]
    public void A_wall_clock_that_is_set_a_little_is_followed()
    {
        _system.Shift(TimeSpan.FromSeconds(-5));

        Assert.Equal(_system.GetUtcNow(), _time.GetUtcNow());
    }

    [Fact]
    public void The_agreed_time_is_followed()
    {
        _system.Advance(TimeSpan.FromMinutes(1));
        _system.Shift(TimeSpan.FromDays(8));

        _time.Agree(_time.Wall);

        Assert.Equal(_system.GetUtcNow(), _time.GetUtcNow());
        _time.Agree(_time.Offset(_system.GetUtcNow() - TimeSpan.FromDays(1)));
        Assert.Equal(_system.GetUtcNow() - TimeSpan.FromDays(1), _time.GetUtcNow());
    }
}
