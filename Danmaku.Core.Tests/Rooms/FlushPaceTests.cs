using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class FlushPaceTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    private readonly ManualTimeProvider _time = new();
    private readonly FlushPace _pace;

    public FlushPaceTests() => _pace = new FlushPace(Tick, _time);

    [Fact]
    public void A_quiet_room_fans_out_at_once()
    {
        Assert.Equal(TimeSpan.Zero, _pace.Wait);

        _pace.Flushed();
        _time.Advance(Tick);

        Assert.Equal(TimeSpan.Zero, _pace.Wait);
    }

    [Fact]
    public void A_busy_room_waits_for_the_rest_of_its_tick()
    {
        _pace.Flushed();

        _time.Advance(TimeSpan.FromMilliseconds(20));

        Assert.Equal(TimeSpan.FromMilliseconds(30), _pace.Wait);
    }
}
