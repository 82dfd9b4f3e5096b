using Danmaku.Actors.Clocks;
using Danmaku.Core.Clocks;
using Microsoft.Extensions.Logging.Abstractions;

namespace Danmaku.Actors.Tests.Clocks;

/// <summary>What rooms of a test think of their clock.</summary>
internal static class SomeClock
{
    /// <summary>One that is right until <see cref="Judge"/> says otherwise.</summary>
    public static NodeClock Of(TimeProvider time)
    {
        var clock = new NodeClock(new AgreedTime(time), isOrigin: true, NullLogger<NodeClock>.Instance);
        clock.Judge(ClockState.Right);
        return clock;
    }

    public static void Judge(this NodeClock clock, ClockState state) =>
        clock.Set(new ClockVerdict(state, TimeSpan.Zero), TimeSpan.Zero, TimeSpan.Zero, []);
}
