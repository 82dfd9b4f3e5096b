using Akka.Actor;

namespace Danmaku.Actors.Rooms;

/// <summary>What a <see cref="RoomActor"/> tells itself: its timers.</summary>
public static class RoomSignals
{
    /// <summary>The store has not answered in time whether the room can open.</summary>
    public sealed record StoreSlow : INoSerializationVerificationNeeded
    {
        public static readonly StoreSlow Instance = new();
    }

    /// <summary>Ask the store again.</summary>
    public sealed record Reopen : INoSerializationVerificationNeeded
    {
        public static readonly Reopen Instance = new();
    }

    /// <summary>Check whether danmaku wait too long for the store.</summary>
    public sealed record Overdue : INoSerializationVerificationNeeded
    {
        public static readonly Overdue Instance = new();
    }

    /// <summary>Publish the head, so that edges notice when the last danmaku are missing.</summary>
    public sealed record Announce : INoSerializationVerificationNeeded
    {
        public static readonly Announce Instance = new();
    }

    /// <summary>Check for edges that are gone, and whether the room has been idle for long enough to stop.</summary>
    public sealed record Sweep : INoSerializationVerificationNeeded
    {
        public static readonly Sweep Instance = new();
    }
}
