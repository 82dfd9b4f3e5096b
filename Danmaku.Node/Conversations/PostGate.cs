using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Moderation;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Conversations;

/// <summary>Checks the posts of one connection: text rules, and rate.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
internal sealed class PostGate(int maxTextChars, ViewerLimits limits, PostRate? client, DanmakuMetrics metrics, TimeProvider time)
{
    private PushTimer _push = new(time);

    public int MaxTextChars => maxTextChars;

    /// <summary>The rate; the room gives back the cost of a repeated post.</summary>
    public PostRate Rate { get; } = new(limits.PostsPerSecond, limits.PostBurst, time, client);

    /// <summary>Who posts.</summary>
    public Identity Poster { get; set; } = new(UserId.None, IdentityKind.Network, Role.Viewer) { MayPost = false };

    /// <param name="again">Whether it was sent before.</param>
    /// <returns>The post, or why there is none.</returns>
    public (Post? Post, RejectReason Reason, TimeSpan? RetryAfter) Pass(PostId id, string author, string text, CommentStyle style, long? at, bool again = false)
    {
        if (TextRules.Check(text, maxTextChars, out var trimmed) is { } reason)
        {
            return Refuse(reason, null);
        }

        return Rate.TryTake() is { } wait
            ? Refuse(RejectReason.RateLimited, wait)
            : (new Post(id, author, trimmed, style, at, Deadline) { Again = again, User = Poster.User, Role = Poster.Role }, default, null);
    }

    /// <summary>Like <see cref="Pass"/>, for what a moderator takes back.</summary>
    public (Post? Post, RejectReason Reason, TimeSpan? RetryAfter) PassRecall(PostId id, RecallOrder order, bool again)
    {
        if (Poster.Role < Role.Moderator)
        {
            return Refuse(RejectReason.Forbidden, null);
        }

        return Rate.TryTake() is { } wait
            ? Refuse(RejectReason.RateLimited, wait)
            : (Recalling(id, order.At(time.GetUtcNow().ToUnixTimeMilliseconds()), Poster, Deadline) with { Again = again }, default, null);
    }

    /// <summary>A post that takes something back.</summary>
    public static Post Recalling(PostId id, Recall recall, Identity moderator, long deadline) =>
        new(id, "", "", CommentStyle.Default, null, deadline) { User = moderator.User, Role = moderator.Role, Recall = recall };

    /// <summary>
    /// Like <see cref="Pass"/>, for clients that cannot be told to wait: a post that comes too fast waits here for its turn. A connection that never caught up
    /// for <see cref="MessageBudget.MaxPush"/> is refused.
    /// </summary>
    public async ValueTask<(Post? Post, RejectReason Reason)> PassInTurnAsync(PostId id, string author, string text)
    {
        if (TextRules.Check(text, maxTextChars, out var trimmed) is { } reason)
        {
            return (null, Refuse(reason, null).Reason);
        }

        return await HasTurnAsync()
            ? (new Post(id, author, trimmed, CommentStyle.Default, null, Deadline) { User = Poster.User, Role = Poster.Role }, default)
            : (null, Refuse(RejectReason.RateLimited, null).Reason);
    }

    private long Deadline => (time.GetUtcNow() + limits.PostDeadline).ToUnixTimeMilliseconds();

    private async ValueTask<bool> HasTurnAsync()
    {
        _push.Ask(Rate.IsHalfFull, time.GetTimestamp());
        while (Rate.TryTake() is { } wait)
        {
            _push.Wait(time.GetTimestamp());
            if (_push.Pushed + wait > MessageBudget.MaxPush)
            {
                return false;
            }

            await Task.Delay(wait, time);
        }

        _push.Turn(time.GetTimestamp());
        return true;
    }

    private (Post? Post, RejectReason Reason, TimeSpan? RetryAfter) Refuse(RejectReason reason, TimeSpan? retryAfter)
    {
        metrics.Refused(reason);
        return (null, reason, retryAfter);
    }
}
