using Danmaku.Core.Limits;

namespace Danmaku.Core.Rooms;

/// <summary>One room on its origin: decides what may be said, numbers it, recognises repeats and keeps recent history.</summary>
/// <remarks>
/// Not thread-safe; it has one owner. It does no I/O and takes time only from its <see cref="TimeProvider"/>, so the same calls at the same
/// instants give the same results. It starts a history of its own: nobody knows how an earlier one ended.
/// </remarks>
public sealed class Room
{
    private readonly RoomLimits _limits;
    private readonly TimeProvider _time;
    private readonly History _history;
    private readonly TokenBucket _bucket;
    private readonly Dictionary<PostId, Position> _posts = [];
    private readonly Queue<(long Time, PostId Id)> _postTimes = new();
    private long _lastTime;

    public Room(long epoch, Position previous, RoomLimits limits, TimeProvider time)
    {
        (_limits, _time, Previous) = (limits, time, previous);
        _history = new History(limits.HistoryComments, limits.HistoryBytes);
        _history.Reset(new Position(epoch, 0), previous);
        _bucket = new TokenBucket(limits.PostsPerSecond, Math.Max(1, limits.PostsPerSecond), time);
    }

    /// <summary>Where the epoch before this one ended.</summary>
    public Position Previous { get; }

    public Position Top => _history.Top;

    public RoomHead Head => new(Top, Previous);

    /// <summary>Accepts or refuses one post. Only an accepted one takes an offset; a repeat gets the position it already has.</summary>
    public PostResult Post(Post post)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        ForgetPosts(now);
        if (_posts.TryGetValue(post.Id, out var known))
        {
            return new PostResult.Repeated(known);
        }

        if (post.Deadline < now)
        {
            return new PostResult.Rejected(RejectReason.Expired, null);
        }

        if (_bucket.TryTake() is { } wait)
        {
            return new PostResult.Rejected(RejectReason.RoomBusy, wait);
        }

        _lastTime = Math.Max(_lastTime, now);
        var comment = new Comment(Top.Offset + 1, _lastTime, post.Author, post.Text, post.Style, post.At);
        _history.Append(comment, Previous);
        _posts.Add(post.Id, Top);
        _postTimes.Enqueue((now, post.Id));
        ForgetPosts(now);
        return new PostResult.Accepted(Top, comment);
    }

    /// <summary>
    /// What an edge that is complete to <paramref name="have"/> needs next, a page at most. Without anything, or with something that
    /// this room cannot continue, it is <see cref="RangeResult.Gone"/> with the newest.
    /// </summary>
    public RangeResult Recent(Position have) => _history.After(have) switch
    {
        null => Newest(),
        [] => new RangeResult.Found([]),
        [var first, ..] => Read(first.Epoch, first.First.Offset, first.Last.Offset),
    };

    /// <summary>The first page of a range that an edge misses.</summary>
    public RangeResult Read(long epoch, long from, long through) =>
        _history.Page(epoch, from, through, _limits.PageBytes) is { } page ? new RangeResult.Found([page]) : Newest();

    private RangeResult.Gone Newest() => new(Head, _history.Newest(int.MaxValue, _limits.PageBytes));

    private void ForgetPosts(long now)
    {
        while (_postTimes.TryPeek(out var oldest)
            && (now - oldest.Time > _limits.PostIdWindow.TotalMilliseconds || _postTimes.Count > _limits.MaxPostIds))
        {
            _posts.Remove(_postTimes.Dequeue().Id);
        }
    }
}

/// <summary>What became of a post.</summary>
public abstract record PostResult
{
    private PostResult()
    {
    }

    public sealed record Accepted(Position Position, Comment Comment) : PostResult;

    /// <summary>It was accepted before.</summary>
    public sealed record Repeated(Position Position) : PostResult;

    /// <param name="RetryAfter">When trying again makes sense; null when it does not, or at once.</param>
    public sealed record Rejected(RejectReason Reason, TimeSpan? RetryAfter) : PostResult;

    /// <summary>Nobody knows whether it was accepted; it may be sent again with the same id.</summary>
    public sealed record Unknown : PostResult;
}

/// <summary>What a room answers to a fetch.</summary>
public abstract record RangeResult
{
    private RangeResult()
    {
    }

    /// <summary>The beginning of what was asked for; the rest is asked for again. Empty when there is nothing more.</summary>
    public sealed record Found(IReadOnlyList<Batch> Page) : RangeResult;

    /// <summary>It is not here any more, and no other node has it.</summary>
    public sealed record Gone(RoomHead Head, IReadOnlyList<Batch> Newest) : RangeResult;
}
