using Akka.Actor;

namespace Danmaku.Actors.Rooms;

/// <summary>What the timers of an <see cref="EdgeRoomActor"/> bring it. Each is safe to repeat, and none is answered.</summary>
public static class EdgeRoomProtocol
{
    /// <summary>Fan out what is ready: the room's tick.</summary>
    public sealed record Flush : INoSerializationVerificationNeeded
    {
        public static readonly Flush Instance = new();
    }

    /// <summary>Count viewers, and see whether the room is still needed here.</summary>
    public sealed record Pulse : INoSerializationVerificationNeeded
    {
        public static readonly Pulse Instance = new();
    }

    /// <summary>Tell the origin (again) that this edge has viewers.</summary>
    public sealed record Attach : INoSerializationVerificationNeeded
    {
        public static readonly Attach Instance = new();
    }

    /// <summary>Ask the origin (again) for what is missing.</summary>
    public sealed record Fetch : INoSerializationVerificationNeeded
    {
        public static readonly Fetch Instance = new();
    }
}
