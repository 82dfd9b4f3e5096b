namespace Danmaku.Actors.Posts;

/// <summary>
/// Numbers connections that post, so that an edge knows who waits for an answer. The upper bits say whose connection it is, see
/// <see cref="Core.Limits.ClientMarks"/>; an origin of the previous release ignores them. Thread-safe.
/// </summary>
public sealed class PostTickets
{
    /// <summary>A ticket is below 2^53.</summary>
    private const int NumberBits = 53 - Core.Limits.ClientMarks.Bits;

    private long _last;

    private const long MaxNumber = (1L << NumberBits) - 1;

    /// <returns>The mark, 0 where the edge does not say it, and whether it is from a viewer.</returns>
    public static (int Source, bool IsViewer) Read(long ticket) => ((int)(ticket >> NumberBits), (ticket & MaxNumber) != 0);

    /// <summary>A ticket for a post that comes over HTTP.</summary>
    public static long Of(int source) => (long)source << NumberBits;

    public long Next(int source) => Of(source) | (1 + (Interlocked.Increment(ref _last) % MaxNumber));
}
