using Danmaku.Testing;

namespace Danmaku.Core.Tests;

/// <summary>The clock that other tests rely on.</summary>
public class ManualTimeProviderTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void Timers_fire_in_order_at_their_own_moments()
    {
        using var late = Timer("late", 30, Timeout.Infinite);
        using var early = Timer("early", 10, Timeout.Infinite);

        _time.Advance(TimeSpan.FromMilliseconds(40));

        Assert.Equal(["early@10", "late@30"], _fired);
        Assert.Equal(TimeSpan.FromMilliseconds(40), _time.GetElapsedTime(0));
    }

    [Fact]
    public void A_periodic_timer_fires_each_time_until_it_is_disposed()
    {
        var timer = Timer("tick", 10, 10);
        _time.Advance(TimeSpan.FromMilliseconds(35));
        timer.Dispose();

        _time.Advance(TimeSpan.FromMilliseconds(35));

        Assert.Equal(["tick@10", "tick@20", "tick@30"], _fired);
    }

    [Fact]
    public async Task A_delay_ends_when_the_clock_gets_there()
    {
        var delay = Task.Delay(TimeSpan.FromSeconds(5), _time);
        _time.Advance(TimeSpan.FromSeconds(4.999));
        Assert.False(delay.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(1));

        await delay.WaitAsync(Eventually.DefaultDeadline);
    }

    [Fact]
    public void The_wall_clock_can_be_set_back_without_time_passing()
    {
        var (now, timestamp) = (_time.Now, _time.GetTimestamp());

        _time.Shift(TimeSpan.FromSeconds(-1));

        Assert.Equal((now - 1000, timestamp), (_time.Now, _time.GetTimestamp()));
    }

    private ITimer Timer(string name, int due, int period) => _time.CreateTimer(
        _ => _fired.Add($"{name}@{_time.GetElapsedTime(0).TotalMilliseconds}"),
        null,
        TimeSpan.FromMilliseconds(due),
        TimeSpan.FromMilliseconds(period));
}
