using Danmaku.Actors.Rooms;
using Danmaku.Core.Clocks;

namespace Danmaku.Actors.Clocks;

/// <summary>Messages between the <see cref="ClockActor"/>s of the nodes. A release that does not know them does not subscribe to their topic.</summary>
public static class ClockProtocol
{
    /// <summary>To all nodes: what time is it? Answered with <see cref="TellClock"/>; safe to repeat, and repeated.</summary>
    /// <param name="Asked">Returned in the answer.</param>
    public sealed record AskClock(long Asked) : IWireMessage;

    /// <param name="Asked">As in the question.</param>
    /// <param name="Time">The wall clock's time, right or wrong; Unix milliseconds.</param>
    /// <param name="State">The node's judgement of its clock.</param>
    public sealed record TellClock(long Asked, long Time, ClockState State) : IWireMessage;
}
