using System.ComponentModel.DataAnnotations;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Options;

/// <summary>Options of rooms; the same on every node. Bound from <c>Danmaku:Room</c>; a bad value stops the node at start.</summary>
public sealed class RoomOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Room";

    /// <summary>
    /// The longest text in characters as people count them (<see cref="Graphemes"/>); a text may have four times as many code points. 1 to 1000, default 100.
    /// </summary>
    [Range(1, 1000)]
    public int MaxTextChars { get; set; } = RoomLimits.Default.MaxTextChars;

    /// <summary>
    /// The same for a text of a plain-text client, which may contain more than the remark, such as JSON of its own. 1 to 1000, default 400; never less than
    /// <see cref="MaxTextChars"/>.
    /// </summary>
    [Range(1, 1000)]
    public int MaxPlainTextChars { get; set; } = RoomLimits.Default.MaxPlainTextChars;

    /// <summary>
    /// How long the first danmaku of a busy room waits for others; in a quiet room it does not wait. A longer wait saves writes. 1 ms to 1 s, default 22 ms.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:01")]
    public TimeSpan FlushEvery { get; set; } = TimeSpan.FromMilliseconds(22);

    /// <summary>The longest wait, when fan-outs take long. At least <see cref="FlushEvery"/>, at most 1 s, default 50 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:01")]
    public TimeSpan FlushAtLatest { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Danmaku of a room kept in memory, for viewers that come back. 1 to 1,000,000, default 1000.</summary>
    [Range(1, 1_000_000)]
    public int HistoryComments { get; set; } = RoomLimits.Default.HistoryComments;

    /// <summary>Most bytes of a room's danmaku kept in memory. 16 KiB to 1 GiB, default 512 KiB.</summary>
    [Range(16 * 1024, 1024 * 1024 * 1024)]
    public int HistoryBytes { get; set; } = RoomLimits.Default.HistoryBytes;

    /// <summary>Posts per second of one room; more are refused with <c>room_busy</c>. 0 = no limit, default 500.</summary>
    [Range(0.0, 1_000_000.0)]
    public double PostsPerSecond { get; set; } = RoomLimits.Default.PostsPerSecond;

    /// <summary>How long a post id is remembered, so that a repeated post appears once. 1 min to 1 day, default 10 min.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan PostIdWindow { get; set; } = RoomLimits.Default.PostIdWindow;

    /// <summary>Most open rooms on one edge; when all are watched, viewers of another room are closed with 1013. Default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxRoomsPerEdge { get; set; } = 10_000;

    /// <summary>Most open rooms on one origin; when all are watched, another room is refused. Default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxRoomsPerOrigin { get; set; } = 10_000;

    /// <summary>A room without viewers and posts for this long is closed; the store keeps it. 1 s to 1 day, default 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan IdleAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long an edge waits for missing danmaku from an origin that answers but does not send them; then viewers are told <c>lost</c>. For a silent origin it
    /// waits without limit. 5 s to 1 hour, default 1 min.
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
        MaxPlainTextChars = MaxPlainTextChars,
        HistoryComments = HistoryComments,
        HistoryBytes = HistoryBytes,
        PostsPerSecond = Unlimited.IfZero(PostsPerSecond, PostsPerSecond),
        PostIdWindow = PostIdWindow,
    };
}
