using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class AdaptiveFlushTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly FanOutLoad _load;
    private readonly AdaptiveFlush _pace;

    public AdaptiveFlushTests()
    {
        _load = new FanOutLoad(Ms(20), Ms(50), 1, _time);
        _pace = new AdaptiveFlush(_load, _time);
    }

    [Fact]
    public void A_quiet_room_does_not_wait()
    {
        Assert.Equal(TimeSpan.Zero, _pace.Wait());

        FanOut(takes: 1);
        _time.Advance(Ms(19));

        Assert.Equal(TimeSpan.Zero, _pace.Wait());
    }

    [Fact]
    public void A_busy_room_waits_for_its_tick()
    {
        FanOut(takes: 1);
        _time.Advance(Ms(4));

        Assert.Equal(Ms(15), _pace.Wait());
    }

    [Fact]
    public void If_danmaku_share_fan_outs_the_first_waits_a_whole_tick_for_others()
    {
        FanOut(takes: 1, count: 2);
        _time.Advance(Ms(14));

        Assert.Equal(Ms(20), _pace.Wait());

        _time.Advance(Ms(19));

        Assert.Equal(Ms(1), _pace.Wait());

        _time.Advance(Ms(1));

        Assert.Equal(TimeSpan.Zero, _pace.Wait());
    }

    [Fact]
    public void A_danmaku_after_a_fan_out_waits_anew()
    {
        FanOut(takes: 1);
        _ = _pace.Wait();
        FanOut(takes: 1);

        Assert.Equal(Ms(19), _pace.Wait());
    }

    [Theory]
    [InlineData(1, 20)]
    [InlineData(10, 25)]
    [InlineData(18, 45)]
    [InlineData(30, 50)]
    [InlineData(200, 220)]
    public void The_tick_grows_with_what_a_fan_out_takes(int takes, int tick)
    {
        Run(100, takes);

        Assert.Equal(tick, _pace.Tick.TotalMilliseconds, 0.5);
    }

    [Fact]
    public void One_slow_fan_out_changes_the_tick_little()
    {
        FanOut(takes: 1);
        FanOut(takes: 20);

        Assert.Equal(Ms(20), _pace.Tick);
    }

    [Fact]
    public void The_tick_shrinks_again()
    {
        Run(100, takes: 200);
        Run(100, takes: 1);

        Assert.Equal(Ms(20), _pace.Tick);
    }

    [Fact]
    public void Many_small_rooms_share_a_longer_tick()
    {
        var others = Enumerable.Range(0, 14).Select(_ => new AdaptiveFlush(_load, _time)).ToArray();

        for (var i = 0; i < 100; i++)
        {
            FanOut(takes: 1);
            foreach (var other in others)
            {
                FanOut(other, takes: 1);
            }

            _time.Advance(_pace.Wait());
        }

        // 15 ms of writing are 40 % of that.
        Assert.Equal(37.5, _pace.Tick.TotalMilliseconds, 2.5);
    }

    [Fact]
    public void A_room_that_was_quiet_does_not_wait_either_when_others_are_busy()
    {
        var busy = new AdaptiveFlush(_load, _time);
        for (var i = 0; i < 100; i++)
        {
            FanOut(busy, takes: 40);
        }

        Assert.Equal((Ms(50), TimeSpan.Zero), (_pace.Tick, _pace.Wait()));
    }

    [Theory]
    [InlineData(249, 1_000_000)] // not long
    [InlineData(900, 200_000)] // not much
    public void Nothing_is_skipped_unless_a_large_fan_out_took_long(int takes, int bytes)
    {
        FanOut(_pace, takes, bytes);

        Assert.Equal(100_000_000, _pace.Bearable(100_000_000));
    }

    [Fact]
    public void A_fan_out_that_would_take_longer_than_a_second_is_cut()
    {
        FanOut(_pace, takes: 400, bytes: 1_000_000);

        Assert.Equal(2_500_000, _pace.Bearable(2_500_000));
        Assert.Equal(2_000_000, _pace.Bearable(2_500_001));
    }

    [Fact]
    public void A_fan_out_always_sends_something()
    {
        FanOut(_pace, takes: 60_000, bytes: 300_000);

        Assert.Equal(AdaptiveFlush.AlwaysBearable, _pace.Bearable(1_000_000));
        Assert.Equal(1000, _pace.Bearable(1000));
    }

    [Fact]
    public void Nothing_is_skipped_once_it_keeps_up_again()
    {
        FanOut(_pace, takes: 900, bytes: 1_000_000);
        FanOut(_pace, takes: 200, bytes: 500_000);

        Assert.Equal(5_000_000, _pace.Bearable(5_000_000));
    }

    /// <summary>As a busy room does it: again as soon as it may.</summary>
    private void Run(int times, int takes)
    {
        for (var i = 0; i < times; i++)
        {
            FanOut(takes);
            _time.Advance(_pace.Wait());
        }
    }

    private void FanOut(int takes, int count = 1) => FanOut(_pace, takes, count: count);

    private void FanOut(AdaptiveFlush pace, int takes, long bytes = 100, int count = 1)
    {
        pace.FanOutStarts();
        _time.Advance(Ms(takes));
        pace.End(count, bytes);
    }

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
