namespace Danmaku.Core.Rooms;

/// <summary>The bounds of one room, at its origin and at each edge.</summary>
public sealed record RoomLimits
{
    public static readonly RoomLimits Default = new();

    /// <summary>Most <see cref="Graphemes"/> in a text; it may have four times as many code points.</summary>
    public int MaxTextChars { get; init; } = 100;

    /// <summary>Most characters in a text of a plain-text client, which may contain more than the remark. Never less than <see cref="MaxTextChars"/>.</summary>
    public int MaxPlainTextChars
    {
        get => Math.Max(MaxTextChars, field);
        init;
    } = 400;

    /// <summary>Most danmaku kept in memory; the oldest are removed.</summary>
    public int HistoryComments { get; init; } = 1000;

    /// <summary>Most bytes kept in memory; the oldest are removed.</summary>
    public int HistoryBytes { get; init; } = 512 * 1024;

    /// <summary>Most danmaku that a viewer may ask for when it joins; a greater number is reduced to this.</summary>
    public int MaxJoinHistory { get; init; } = 200;

    /// <summary>Posts per second and room; more are refused with <see cref="RejectReason.RoomBusy"/>.</summary>
    public double PostsPerSecond { get; init; } = 500;

    /// <summary>How long a post id is remembered, so that a repeat is recognised.</summary>
    public TimeSpan PostIdWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Most post ids remembered; beyond that the oldest are forgotten early.</summary>
    public int MaxPostIds { get; init; } = 300_000;

    /// <summary>Most bytes in one answer to a fetch.</summary>
    public int PageBytes { get; init; } = 128 * 1024;

    /// <summary>How long a danmaku waits for the store before it is shown anyway.</summary>
    public TimeSpan StoreTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Most danmaku that wait for the store; more posts are refused with <see cref="RejectReason.Unavailable"/>.</summary>
    public int MaxUnsaved { get; init; } = 10_000;

    /// <summary>Most danmaku in one append to the store; the rest goes with the next append.</summary>
    public int MaxAppend { get; init; } = 512;

    /// <summary>
    /// How long an edge waits for missing danmaku from an origin that answers but does not send them; then it goes on without them and tells viewers. For a
    /// silent origin it waits without limit.
    /// </summary>
    public TimeSpan GapTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most danmaku that an edge holds back while earlier ones are missing; later ones are fetched again.</summary>
    public int MaxHeld { get; init; } = 4096;
}
