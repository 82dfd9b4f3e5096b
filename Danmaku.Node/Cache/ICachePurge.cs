namespace Danmaku.Node.Cache;

/// <summary>Removes what this node has cached. Thread-safe. What is on its way from an origin meanwhile is not kept either.</summary>
public interface ICachePurge
{
    /// <summary>Removes all variants of one resource, in memory and on disk.</summary>
    /// <param name="url">A path with its query, such as <c>/api/rooms/lobby/history/</c>; of an absolute URL only these count.</param>
    /// <returns>How many stored responses are gone.</returns>
    int PurgeUrl(string url);

    /// <summary>Removes whatever an origin has sent with this tag in <c>Cache-Tag</c>, a list separated by commas or spaces.</summary>
    /// <returns>How many stored responses are gone.</returns>
    int PurgeTag(string tag);
}

/// <summary>A node without a cache.</summary>
internal sealed class NothingToPurge : ICachePurge
{
    public int PurgeUrl(string url) => 0;

    public int PurgeTag(string tag) => 0;
}
