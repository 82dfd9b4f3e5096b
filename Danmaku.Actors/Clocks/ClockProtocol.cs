using Danmaku.Actors.Rooms;
using Danmaku.Core.Clocks;

namespace Danmaku.Actors.Clocks;

/// <summary>What the <see cref="ClockActor"/>s of the nodes say to each other. A release that does not know it does not subscribe to their topic.</summary>
public static class ClockProtocol
{
    /// <summary>To all nodes: what time is it? Answered with <see cref="TellClock"/>; safe to repeat, and repeated.</summary>
    /// <param name="Asked">Given back in the answer.</param>
    public sealed record AskClock(long Asked) : IWireMessage;

    /// <param name="Asked">Of the question.</param>
    /// <param name="Time">By the wall clock, whatever it says; Unix milliseconds.</param>
    /// <param name="State">What the node thinks of that.</param>
    public sealed record TellClock(long Asked, long Time, ClockState State) : IWireMessage;
}
