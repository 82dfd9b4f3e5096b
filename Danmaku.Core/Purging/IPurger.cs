using Danmaku.Core.Rooms;

namespace Danmaku.Core.Purging;

/// <summary>What to remove from the caches.</summary>
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

    /// <summary>Everything of a room; its history gets new addresses first.</summary>
    public sealed record Room(RoomId Id) : PurgeOrder;
}

/// <summary>The result of a purge.</summary>
public abstract record PurgeResult
{
    private PurgeResult()
    {
    }

    /// <summary>The edges were asked.</summary>
    /// <param name="Revision">The room's new revision; null when no room was purged, or the store does not know it.</param>
    /// <param name="Nodes">Nodes that have removed it.</param>
    /// <param name="Missing">Names of edges that did not answer in time.</param>
    public sealed record Told(long? Revision, IReadOnlyList<PurgedNode> Nodes, IReadOnlyList<string> Missing) : PurgeResult;

    /// <summary>Nothing was done: no store could be reached to give the room a new revision, or too many purges wait.</summary>
    public sealed record Unavailable : PurgeResult;
}

/// <param name="Entries">How many stored responses it removed.</param>
public sealed record PurgedNode(string Name, int Entries);

/// <summary>Removes responses from the caches of all edges.</summary>
public interface IPurger
{
    /// <summary>Completes when all edges have answered, or after a few seconds. Safe to repeat.</summary>
    Task<PurgeResult> PurgeAsync(PurgeOrder order, CancellationToken cancellation);
}

/// <summary>The cache of this node. Thread-safe.</summary>
public interface IPurgeable
{
    /// <returns>How many stored responses were removed.</returns>
    int Purge(PurgeOrder order);
}
