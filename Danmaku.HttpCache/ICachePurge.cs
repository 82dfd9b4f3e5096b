namespace Danmaku.HttpCache;

/// <summary>Removes cached responses of this process. Thread-safe. Responses that are arriving meanwhile are not stored either.</summary>
public interface ICachePurge
{
    /// <summary>Removes all variants of one resource, in memory and on disk.</summary>
    /// <param name="url">A path with its query, such as <c>/video/1.mp4?x=1</c>; of an absolute URL only path and query count.</param>
    /// <returns>How many stored responses are gone.</returns>
    int PurgeUrl(string url);

    /// <summary>Removes every response that has this tag in its <c>Cache-Tag</c>, a list separated by commas or spaces.</summary>
    /// <returns>How many stored responses are gone.</returns>
    int PurgeTag(string tag);
}
