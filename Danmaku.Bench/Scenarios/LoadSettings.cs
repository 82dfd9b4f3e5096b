using System.Net;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Scenarios;

/// <summary>What viewers speak (docs/protocol.md §3 and §4).</summary>
public enum ViewerFormat
{
    Json,

    /// <summary>Json with permessage-deflate.</summary>
    Deflate,
    Plain,
}

/// <summary>What is said.</summary>
public enum TextKind
{
    /// <summary>Texts of the same length, in ASCII.</summary>
    Fixed,

    /// <summary>Remarks as people make them, in three languages.</summary>
    Corpus,
}

/// <summary>Whose server it is.</summary>
public enum ServerKind
{
    Danmaku,

    /// <summary>Sends every text message on <c>/ws/{room}</c> to all in the room, and nothing else.</summary>
    Relay,

    /// <summary>The hub of <c>target signalr</c>.</summary>
    SignalR,
}

/// <summary>Who is there and what they speak.</summary>
/// <param name="Urls">Edges, by http:// or ws:// address; the viewers of each room are spread over them evenly.</param>
/// <param name="Server">What the other end is; other than Danmaku, <paramref name="Format"/> does not matter.</param>
/// <param name="Room">The room; of several, what their names begin with.</param>
/// <param name="Viewers">In each room.</param>
/// <param name="Posters">So many viewers of each room post. They speak danmaku.v1.json in any case, as only that has acknowledgements.</param>
/// <param name="Bytes">Length of a fixed text, in bytes and, being ASCII, in characters.</param>
/// <param name="ConnectRate">Viewers that join per second.</param>
/// <param name="SampleOneIn">One viewer in so many reads all texts and measures latency; every viewer checks the sequence.</param>
/// <param name="Sources">Addresses of this machine to connect from, in turn; none for what the system chooses.</param>
/// <param name="Servers">Processes on this machine whose CPU and memory are reported.</param>
/// <param name="IsSpinning">The tool never sleeps, so that servers on the same machine need not wake it.</param>
public sealed record LoadSettings(
    IReadOnlyList<Uri> Urls,
    ServerKind Server,
    string Room,
    int Rooms,
    int Viewers,
    ViewerFormat Format,
    int Posters,
    TextKind Texts,
    int Bytes,
    int ConnectRate,
    int SampleOneIn,
    IReadOnlyList<IPAddress> Sources,
    IReadOnlyList<ServerProcess> Servers,
    bool IsSpinning)
{
    /// <summary>A node's default limit is 5 posts per second and connection; this keeps below it.</summary>
    private const double PostsPerSecondOfPoster = 4;

    public int Connections => Rooms * Viewers;

    public static int DefaultPosters(double rate) => (int)Math.Ceiling(rate / PostsPerSecondOfPoster);
}
