namespace Danmaku.Core.Rooms;

/// <summary>The bounds of one room, at its origin and at each edge.</summary>
public sealed record RoomLimits
{
    public static readonly RoomLimits Default = new();

    /// <summary>Most <see cref="Graphemes"/> in a text, and a quarter of its most code points.</summary>
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

    /// <summary>How long a danmaku waits for the store before it is shown without.</summary>
    public TimeSpan StoreTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Most danmaku that wait for the store; beyond it posts are refused with <see cref="RejectReason.Unavailable"/>.</summary>
    public int MaxUnsaved { get; init; } = 10_000;

    /// <summary>Most danmaku in one append to the store; the rest goes with the next.</summary>
    public int MaxAppend { get; init; } = 512;

    /// <summary>
    /// How long an edge waits for what it misses from an origin that is heard and yet does not give it; then it goes on without, and says so.
    /// For a silent origin it waits as long as that takes.
    /// </summary>
    public TimeSpan GapTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most danmaku that an edge holds back while earlier ones are missing; later ones are fetched again.</summary>
    public int MaxHeld { get; init; } = 4096;
}
