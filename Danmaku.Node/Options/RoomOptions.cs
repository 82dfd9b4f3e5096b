using System.ComponentModel.DataAnnotations;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Options;

/// <summary>How rooms behave; the same on every node. Bound from <c>Danmaku:Room</c>; a bad value stops the node at start.</summary>
public sealed class RoomOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Room";

    /// <summary>Most characters in a text, as people count them (<see cref="Graphemes"/>), and a quarter of its most code points. 1 to 1000, default 100.</summary>
    [Range(1, 1000)]
    public int MaxTextChars { get; set; } = RoomLimits.Default.MaxTextChars;

    /// <summary>
    /// How long the first danmaku of a busy room waits for others that go out with it; in a quiet one it does not. Longer saves writes. 1 ms to 1 s,
    /// default 22 ms.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:01")]
    public TimeSpan FlushEvery { get; set; } = TimeSpan.FromMilliseconds(22);

    /// <summary>How far that stretches by itself where a fan-out takes long. At least <see cref="FlushEvery"/>; up to 1 s, default 50 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:01")]
    public TimeSpan FlushAtLatest { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Danmaku of a room kept in memory, so that who comes back misses none. 1 to 1,000,000, default 1000.</summary>
    [Range(1, 1_000_000)]
    public int HistoryComments { get; set; } = RoomLimits.Default.HistoryComments;

    /// <summary>Most bytes of a room's danmaku kept in memory. 16 KiB to 1 GiB, default 512 KiB.</summary>
    [Range(16 * 1024, 1024 * 1024 * 1024)]
    public int HistoryBytes { get; set; } = RoomLimits.Default.HistoryBytes;

    /// <summary>Posts per second of one room; more are refused with <c>room_busy</c>. 0 = no limit, default 500.</summary>
    [Range(0.0, 1_000_000.0)]
    public double PostsPerSecond { get; set; } = RoomLimits.Default.PostsPerSecond;

    /// <summary>How long a post's id is remembered, so that it posts once. 1 min to 1 day, default 10 min.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan PostIdWindow { get; set; } = RoomLimits.Default.PostIdWindow;

    /// <summary>Most rooms with viewers on one edge; who wants another is closed with 1013. Default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxRoomsPerEdge { get; set; } = 10_000;

    /// <summary>Most rooms kept by one origin; who wants another is refused. Default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxRoomsPerOrigin { get; set; } = 10_000;

    /// <summary>A room that nobody has been in for so long is closed; its store keeps it. 1 s to 1 day, default 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan IdleAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long an edge waits for danmaku that it misses from an origin that is heard and yet does not give them; then viewers are told
    /// <c>lost</c>. For a silent origin it waits as long as that takes. 5 s to 1 hour, default 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan GapTimeout { get; set; } = RoomLimits.Default.GapTimeout;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (FlushAtLatest < FlushEvery)
        {
            yield return new ValidationResult("must not be shorter than FlushEvery", [nameof(FlushAtLatest)]);
        }
    }

    public RoomLimits ToLimits(StoreOptions store) => new()
    {
        GapTimeout = GapTimeout,
        StoreTimeout = store.Timeout,
        MaxUnsaved = store.MaxUnsaved,
        MaxTextChars = MaxTextChars,
        HistoryComments = HistoryComments,
        HistoryBytes = HistoryBytes,
        PostsPerSecond = Unlimited.IfZero(PostsPerSecond, PostsPerSecond),
        PostIdWindow = PostIdWindow,
    };
}
