using Danmaku.Bench.Flood;

namespace Danmaku.Bench.Tests.Flood;

public class DutyTests
{
    private readonly Duty _duty = new(0.5);

    [Fact]
    public void A_process_that_used_more_than_its_share_rests_until_it_is_below()
    {
        var rest = _duty.RestAfter(Millis(10), Millis(10));

        Assert.Equal(Millis(10), rest);
        Assert.Equal(TimeSpan.Zero, _duty.RestAfter(Millis(10), Millis(20)));
    }

    [Fact]
    public void A_process_that_did_not_rest_long_enough_rests_again()
    {
        _duty.RestAfter(Millis(10), Millis(10));

        Assert.Equal(Millis(6), _duty.RestAfter(Millis(10), Millis(14)));
    }

    [Fact]
    public void Unused_time_is_not_saved()
    {
        _duty.RestAfter(TimeSpan.Zero, TimeSpan.FromMinutes(1));

        var rest = _duty.RestAfter(Millis(10), TimeSpan.FromMinutes(1) + Millis(10));

        Assert.Equal(Millis(10), rest);
    }

    private static TimeSpan Millis(double millis) => TimeSpan.FromMilliseconds(millis);
}
