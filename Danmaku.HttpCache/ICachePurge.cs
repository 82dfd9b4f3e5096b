namespace Danmaku.HttpCache;

/// <summary>Removes what this process has cached. Thread-safe. What is on its way from an upstream meanwhile is not kept either.</summary>
public interface ICachePurge
{
    /// <summary>Removes all variants of one resource, in memory and on disk.</summary>
    /// <param name="url">A path with its query, such as <c>/video/1.mp4?x=1</c>; of an absolute URL only these count.</param>
    /// <returns>How many stored responses are gone.</returns>
    int PurgeUrl(string url);

    /// <summary>Removes every response with this tag in its <c>Cache-Tag</c>, a list separated by commas or spaces.</summary>
    /// <returns>How many stored responses are gone.</returns>
    int PurgeTag(string tag);
}
