using Akka.Actor;
using Akka.Event;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Actors.Rooms;

/// <summary>What a <see cref="RoomActor"/> tells itself: its timers, and what has become of what it asked for.</summary>
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

    /// <summary>This origin is full, and this room has been without edges longest.</summary>
    internal sealed record SlotLost : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static readonly SlotLost Instance = new();
    }

    internal sealed record EdgeGone(IActorRef Edge) : INoSerializationVerificationNeeded;

    internal sealed record StoreOpened(RoomOpening Opening) : INoSerializationVerificationNeeded;

    internal sealed record StoreRead(PageQuestion Question, IReadOnlyList<Batch>? Page, Exception? Error) : INoSerializationVerificationNeeded;
}
