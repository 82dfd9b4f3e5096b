namespace Danmaku.Bench.Scenarios;

/// <summary>What viewers speak (docs/protocol.md §3 and §4).</summary>
public enum ViewerFormat
{
    Json,
    Plain,
}

/// <summary>One room, many viewers, a few of whom post at a given rate together.</summary>
/// <param name="Urls">Edges, by http:// or ws:// address; viewers are spread over them evenly.</param>
/// <param name="Rate">Posts per second, of all posters together.</param>
/// <param name="Warmup">Posts before what is measured; they are checked for order and completeness too.</param>
/// <param name="Bytes">Length of a text, in bytes and, being ASCII, in characters.</param>
/// <param name="Posters">So many of the viewers post. They speak danmaku.v1.json in any case, as only that has acknowledgements.</param>
/// <param name="ConnectRate">Viewers that join per second.</param>
/// <param name="SampleOneIn">One viewer in so many reads all texts and measures latency; every viewer checks the sequence.</param>
/// <param name="ServerPids">Processes on this machine whose CPU and memory are reported.</param>
public sealed record FanoutSettings(
    IReadOnlyList<Uri> Urls,
    string Room,
    int Viewers,
    double Rate,
    TimeSpan Warmup,
    TimeSpan Duration,
    ViewerFormat Format,
    int Bytes,
    int Posters,
    int ConnectRate,
    int SampleOneIn,
    IReadOnlyList<int> ServerPids)
{
    /// <summary>A node's default limit is 5 posts per second and connection; this keeps below it.</summary>
    private const double PostsPerSecondOfPoster = 4;

    public int WarmupPosts => (int)(Warmup.TotalSeconds * Rate);

    public int MeasuredPosts => Math.Max(1, (int)(Duration.TotalSeconds * Rate));

    public static int DefaultPosters(double rate) => (int)Math.Ceiling(rate / PostsPerSecondOfPoster);
}
