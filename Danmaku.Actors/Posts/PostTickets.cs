namespace Danmaku.Actors.Posts;

/// <summary>
/// Numbers who posts, so that an edge knows who waits for an answer: each connection, and each post over HTTP. The upper bits say whose it is, see
/// <see cref="Core.Limits.ClientMarks"/>; an origin of the previous release ignores them. Thread-safe.
/// </summary>
/// <remarks>Posts over HTTP have the upper half of the numbers. An edge of v0.1.0 counts its connections from 1, and gives 0 to each post over HTTP.</remarks>
public sealed class PostTickets
{
    /// <summary>A ticket is below 2^53.</summary>
    private const int NumberBits = 53 - Core.Limits.ClientMarks.Bits;

    private const long MaxNumber = (1L << NumberBits) - 1;

    private const long FirstOverHttp = 1L << (NumberBits - 1);

    private long _connections;
    private long _postsOverHttp;

    /// <returns>The mark, 0 where the edge does not say it, and whether it is from a viewer.</returns>
    public static (int Source, bool IsViewer) Read(long ticket) => ((int)(ticket >> NumberBits), (ticket & MaxNumber) is > 0 and < FirstOverHttp);

    /// <summary>For a connection that posts.</summary>
    public long Next(int source) => Of(source) | (1 + (Interlocked.Increment(ref _connections) % (FirstOverHttp - 1)));

    /// <summary>For one post over HTTP.</summary>
    public long NextOverHttp(int source) => Of(source) | FirstOverHttp | (Interlocked.Increment(ref _postsOverHttp) % FirstOverHttp);

    private static long Of(int source) => (long)source << NumberBits;
}
