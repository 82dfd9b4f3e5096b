namespace Danmaku.Core.Rooms;

/// <summary>The bounds of one room, at its origin and at each edge.</summary>
public sealed record RoomLimits
{
    public static readonly RoomLimits Default = new();

    /// <summary>Most code points in a text.</summary>
    public int MaxTextChars { get; init; } = 100;

    /// <summary>Most danmaku kept in memory; the oldest are forgotten.</summary>
    public int HistoryComments { get; init; } = 1000;

    /// <summary>Most bytes kept in memory; the oldest are forgotten.</summary>
    public int HistoryBytes { get; init; } = 512 * 1024;

    /// <summary>Most danmaku that a viewer may ask for when it joins; a greater wish is cut.</summary>
    public int MaxJoinHistory { get; init; } = 200;

    /// <summary>Posts per second and room; what comes above it is refused with <see cref="RejectReason.RoomBusy"/>.</summary>
    public double PostsPerSecond { get; init; } = 500;

    /// <summary>How long a post id is remembered, so that a repeat is recognised.</summary>
    public TimeSpan PostIdWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Most post ids remembered; beyond it the oldest are forgotten early.</summary>
    public int MaxPostIds { get; init; } = 300_000;

    /// <summary>Most bytes in one answer to a fetch.</summary>
    public int PageBytes { get; init; } = 128 * 1024;

    /// <summary>Most danmaku that an edge holds back while earlier ones are missing; later ones are fetched again.</summary>
    public int MaxHeld { get; init; } = 4096;
}
