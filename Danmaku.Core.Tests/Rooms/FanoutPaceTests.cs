using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class FanoutPaceTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly FanoutPace _pace;

    public FanoutPaceTests() => _pace = new FanoutPace(Ms(20), Ms(50), _time);

    [Fact]
    public void A_quiet_room_does_not_wait()
    {
        Assert.Equal(TimeSpan.Zero, _pace.Wait);

        FanOut(takes: 1);
        _time.Advance(Ms(19));

        Assert.Equal(TimeSpan.Zero, _pace.Wait);
    }

    [Fact]
    public void A_busy_room_waits_for_its_tick()
    {
        FanOut(takes: 1);
        _time.Advance(Ms(4));

        Assert.Equal(Ms(15), _pace.Wait);
    }

    [Theory]
    [InlineData(1, 20)]
    [InlineData(10, 25)]
    [InlineData(18, 45)]
    [InlineData(30, 50)]
    [InlineData(200, 250)]
    public void The_tick_grows_with_what_a_fan_out_takes(int takes, int tick)
    {
        for (var i = 0; i < 100; i++)
        {
            FanOut(takes);
        }

        Assert.Equal(tick, _pace.Tick.TotalMilliseconds, 0.5);
    }

    [Fact]
    public void One_that_took_long_is_not_taken_for_the_rule()
    {
        FanOut(takes: 1);
        FanOut(takes: 20);

        Assert.Equal(Ms(20), _pace.Tick);
    }

    [Fact]
    public void It_shrinks_again()
    {
        for (var i = 0; i < 100; i++)
        {
            FanOut(takes: 200);
        }

        for (var i = 0; i < 100; i++)
        {
            FanOut(takes: 1);
        }

        Assert.Equal(Ms(20), _pace.Tick);
    }

    private void FanOut(int takes)
    {
        _pace.Begin();
        _time.Advance(Ms(takes));
        _pace.End();
    }

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
