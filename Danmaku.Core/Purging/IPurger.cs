using Danmaku.Core.Rooms;

namespace Danmaku.Core.Purging;

/// <summary>What is to leave the caches.</summary>
public abstract record PurgeOrder
{
    private PurgeOrder()
    {
    }

    /// <summary>One resource in all its variants.</summary>
    /// <param name="Value">A path with its query, or an absolute URL; at most <see cref="MaxChars"/> long.</param>
    public sealed record Url(string Value) : PurgeOrder
    {
        public const int MaxChars = 2048;
    }

    /// <summary>All that belongs to a room; its history gets new addresses first.</summary>
    public sealed record Room(RoomId Id) : PurgeOrder;
}

/// <summary>What became of an order.</summary>
public abstract record PurgeResult
{
    private PurgeResult()
    {
    }

    /// <summary>Edges were told.</summary>
    /// <param name="Revision">The room's new one; null where no room was purged, or none that a store knows.</param>
    /// <param name="Nodes">Those that have said that it is gone.</param>
    /// <param name="Missing">Names of edges that have not within the time.</param>
    public sealed record Told(long? Revision, IReadOnlyList<PurgedNode> Nodes, IReadOnlyList<string> Missing) : PurgeResult;

    /// <summary>Nothing was done: no store could be reached that would have given the room a new revision, or too many orders wait.</summary>
    public sealed record Unavailable : PurgeResult;
}

/// <param name="Entries">How many stored responses are gone from it.</param>
public sealed record PurgedNode(string Name, int Entries);

/// <summary>Takes things out of the caches of all edges.</summary>
public interface IPurger
{
    /// <summary>Ends when all edges have answered, or in a few seconds. Repeating it is safe.</summary>
    Task<PurgeResult> PurgeAsync(PurgeOrder order, CancellationToken cancellation);
}

/// <summary>What this node has cached. Thread-safe.</summary>
public interface IPurgeable
{
    /// <returns>How many stored responses are gone.</returns>
    int Purge(PurgeOrder order);
}
