using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Conversations;

/// <summary>What one connection's posts pass on their way to the room: the rules for text, and its rate.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
internal sealed class PostGate(int maxTextChars, ViewerLimits limits, PostRate? client, DanmakuMetrics metrics, TimeProvider time)
{
    /// <summary>The room gives back what a repeat has cost.</summary>
    public PostRate Rate { get; } = new(limits.PostsPerSecond, limits.PostBurst, time, client);

    /// <param name="again">It was sent before.</param>
    /// <returns>The post, or why there is none.</returns>
    public (Post? Post, RejectReason Reason, TimeSpan? RetryAfter) Pass(PostId id, string author, string text, CommentStyle style, long? at, bool again = false)
    {
        if (TextRules.Check(text, maxTextChars, out var trimmed) is { } reason)
        {
            return Refuse(reason, null);
        }

        if (Rate.TryTake() is { } wait)
        {
            return Refuse(RejectReason.RateLimited, wait);
        }

        var deadline = (time.GetUtcNow() + limits.PostDeadline).ToUnixTimeMilliseconds();
        return (new Post(id, author, trimmed, style, at, deadline) { Again = again }, default, null);
    }

    private (Post? Post, RejectReason Reason, TimeSpan? RetryAfter) Refuse(RejectReason reason, TimeSpan? retryAfter)
    {
        metrics.Refused(reason);
        return (null, reason, retryAfter);
    }
}
