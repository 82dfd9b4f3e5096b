using Danmaku.Core.Clocks;
using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Moderation;
using Danmaku.Core.Storage;

namespace Danmaku.Core.Rooms;

/// <summary>
/// One room on its origin: accepts or refuses posts, numbers danmaku, recognises repeats and keeps recent history. It shows only what the store has, unless the
/// store takes too long.
/// </summary>
/// <remarks>
/// Not thread-safe; it has one owner. It does no I/O and takes time only from its <see cref="TimeProvider"/>, so the same calls at the same instants give the
/// same results. The owner takes accepted danmaku with <see cref="TakeUnsaved"/>, appends them to the store, and confirms them with <see cref="Saved"/>. Then
/// it takes what may be shown with <see cref="TakePublished"/>.
/// </remarks>
public sealed class Room
{
    /// <summary>Most bytes sent to edges in one piece.</summary>
    private const int MaxPublishedBytes = 16 * 1024;

    /// <summary>When a client should try again after <see cref="RoomLimits.MaxUnsaved"/> was reached.</summary>
    private static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(1);

    private readonly RoomLimits _limits;
    private readonly TimeProvider _time;
    private readonly History _history;
    private readonly TokenBucket _bucket;
    private readonly PostShares _shares;
    private readonly Dictionary<PostId, Position> _posts = [];
    private readonly SegmentedFifo<(long At, PostId Id)> _postTimes = new();

    /// <summary>Accepted danmaku that are not known to be in the store.</summary>
    private readonly Queue<(long At, PostId Id, Comment Comment)> _unsaved = new();

    private readonly List<Comment> _published = [];

    /// <summary>The recalls of this epoch: what they name is not shown, whether or not it has been published yet.</summary>
    private readonly RecallSet _recalls = new();
    private long _lastTime;
    private long _lastOffset;
    private long _savedOffset;

    public Room(RoomOpening opening, RoomLimits limits, TimeProvider time)
    {
        (_limits, _time, Previous, _lastTime) = (limits, time, opening.Previous, opening.LastTime);
        if (IsStampedAhead)
        {
            // A wrong clock stamped it: a new epoch need not wait for that time.
            _lastTime = 0;
        }

        _bucket = new TokenBucket(limits.PostsPerSecond, Math.Max(1, limits.PostsPerSecond), time);
        _shares = new PostShares(limits.PostsPerSecond, time);
        _history = new History(limits.HistoryComments, limits.HistoryBytes);
        _history.Reset(opening.Start);
        foreach (var batch in opening.History)
        {
            Remember(batch);
        }

        _history.Enter(opening.Epoch);
        foreach (var (id, position, at) in opening.Posts)
        {
            // Also by the room's own time: the last owner's clock may have differed.
            RememberPost(id, position, TimeSpan.FromMilliseconds(Math.Max(0, Math.Min(Now, opening.LastTime) - at)));
        }
    }

    /// <summary>Where the previous epoch ended.</summary>
    public Position Previous { get; }

    /// <summary>The position of the newest danmaku that may be shown.</summary>
    public Position Top => _history.Top;

    public RoomHead Head => new(Top, Previous);

    /// <summary>The offset up to which the store has this epoch.</summary>
    public long SavedOffset => _savedOffset;

    /// <summary>How many danmaku have been accepted and are not known to be in the store; at most <see cref="RoomLimits.MaxUnsaved"/>.</summary>
    public int Unsaved => _unsaved.Count;

    /// <summary>Whether the store is too slow, so that danmaku are shown before it has them.</summary>
    public bool IsAheadOfStore { get; private set; }

    /// <summary>
    /// How long until the oldest unsaved danmaku has waited for <see cref="RoomLimits.StoreTimeout"/>; at zero <see cref="GoAhead"/> must be called. Null when
    /// nothing waits.
    /// </summary>
    public TimeSpan? OverdueIn =>
        IsAheadOfStore || !_unsaved.TryPeek(out var oldest) ? null
        : _limits.StoreTimeout - _time.GetElapsedTime(oldest.At) is var left && left > TimeSpan.Zero ? left
        : TimeSpan.Zero;

    /// <summary>
    /// Whether the last danmaku has a time in the future, because a wrong clock stamped it. Time never runs backwards within an epoch, so a new epoch with the
    /// right time must begin.
    /// </summary>
    public bool IsStampedAhead => _lastTime - Now > (long)ClockJudge.Tolerance.TotalMilliseconds;

    /// <summary>Accepts or refuses one post. Only an accepted one takes an offset; a repeat gets the position it already has.</summary>
    /// <param name="canTake">Whether the origin can stamp a danmaku now, and keep one more that waits for the store.</param>
    /// <param name="source">The client's mark, for rates: posts with the same mark share one rate; 0 is a mark like any other.</param>
    /// <param name="isViewer">Whether that client is in the room.</param>
    public PostResult Post(Post post, bool canTake = true, int source = 0, bool isViewer = true)
    {
        ForgetPosts();
        if (_posts.TryGetValue(post.Id, out var known))
        {
            return new PostResult.Repeated(known, StateOf(known));
        }

        if ((post.Recall is null ? Check(ref post) : CheckRecall(post)) is { } reason)
        {
            return new PostResult.Rejected(reason, null);
        }

        if (post.Deadline < Now)
        {
            return new PostResult.Rejected(RejectReason.Expired, null);
        }

        if (!canTake || _unsaved.Count >= _limits.MaxUnsaved)
        {
            return new PostResult.Rejected(RejectReason.Unavailable, RetryWhenFull);
        }

        if (post.Recall is not null)
        {
            // A moderator must get through when the room is full: that is when there is most to take back.
            return Accept(post);
        }

        if (_bucket.TryTake(KeptFromRank((isViewer ? 0 : 2) + (_shares.HasHadItsShare(source) ? 1 : 0))) is { } wait)
        {
            return new PostResult.Rejected(RejectReason.RoomBusy, wait);
        }

        _shares.Count(source);
        return Accept(post);
    }

    /// <summary>The oldest unsaved danmaku, for one append. Returns the same ones until <see cref="Saved"/> is called.</summary>
    public IReadOnlyList<(PostId Id, Comment Comment)> TakeUnsaved()
    {
        var (taken, count) = (new (PostId, Comment)[Math.Min(_unsaved.Count, _limits.MaxAppend)], 0);
        foreach (var (_, id, comment) in _unsaved)
        {
            if (count == taken.Length)
            {
                break;
            }

            taken[count++] = (id, comment);
        }

        return taken;
    }

    /// <summary>The store has this epoch up to <paramref name="offset"/>.</summary>
    public void Saved(long offset)
    {
        while (_unsaved.TryPeek(out var oldest) && oldest.Comment.Offset <= offset)
        {
            _savedOffset = oldest.Comment.Offset;
            Publish(_unsaved.Dequeue().Comment);
        }

        // Under load something is always on its way to the store. The store keeps up again when the oldest of that is recent.
        IsAheadOfStore &= _unsaved.TryPeek(out var next) && _time.GetElapsedTime(next.At) >= _limits.StoreTimeout / 4;
    }

    /// <summary>Shows the unsaved danmaku now, and accepted ones at once, until the store has caught up.</summary>
    public void GoAhead()
    {
        IsAheadOfStore = true;
        foreach (var (_, _, comment) in _unsaved)
        {
            Publish(comment);
        }
    }

    /// <summary>The danmaku that may be shown since the last call, in order, in pieces of bounded size.</summary>
    public IReadOnlyList<Batch> TakePublished()
    {
        if (_published.Count == 0)
        {
            return [];
        }

        var (batches, piece, bytes) = (new List<Batch>(), new List<Comment>(), 0);
        foreach (var comment in _published)
        {
            if (piece.Count > 0 && bytes + comment.Bytes > MaxPublishedBytes)
            {
                batches.Add(new Batch(Top.Epoch, Previous, piece));
                (piece, bytes) = ([], 0);
            }

            piece.Add(comment);
            bytes += comment.Bytes;
        }

        batches.Add(new Batch(Top.Epoch, Previous, piece));
        _published.Clear();
        return batches;
    }

    /// <summary>The next page for an edge that is complete to <paramref name="have"/>; for an edge that has nothing, the beginning of this history.</summary>
    /// <param name="through">The last offset that it needs, if it has later ones of that epoch.</param>
    public RangeResult Read(Position have, long through = Position.MaxInteger)
    {
        var after = have.IsNone ? _history.Start : have;
        return after < _history.Start ? new RangeResult.Older()
            : _history.After(after, _limits.PageBytes) is { } page ? new RangeResult.Found(Cut(page, have.Epoch, through))
            : Gone();
    }

    /// <summary>A page from the store, without what has been recalled since it was read.</summary>
    public IReadOnlyList<Batch> WithoutRecalled(IReadOnlyList<Batch> page) => _recalls.IsEmpty ? page : [.. page.Select(_recalls.Apply)];

    /// <summary>The answer when a position cannot be continued, here or by the store: the newest danmaku.</summary>
    public RangeResult.Gone Gone() => new(Head, _history.Newest(int.MaxValue, _limits.PageBytes));

    /// <summary>
    /// When clients want to post more than the room accepts, some go first: viewers in the room before others, and in each group those who have posted little.
    /// Each rank leaves a quarter of the burst to the ranks before it.
    /// </summary>
    private double KeptFromRank(int rank) => Math.Floor(_limits.PostsPerSecond * rank / 4);

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// Checks the same rules as edges: a post need not come from an edge, or from one with the same rules, and everybody sees what the origin accepts. The
    /// origin does not know the format in which a text came.
    /// </summary>
    private RejectReason? Check(ref Post post)
    {
        if (TextRules.Check(post.Text, _limits.MaxPlainTextChars, out var text) is { } reason)
        {
            return reason;
        }

        if (TextRules.Check(post.Author, TextRules.MaxNameChars, out var author) is not null)
        {
            return RejectReason.FieldInvalid;
        }

        if (!ReferenceEquals(text, post.Text) || !ReferenceEquals(author, post.Author))
        {
            post = post with { Text = text, Author = author };
        }

        return null;
    }

    /// <summary>Whether this person may take that back: its edge has verified who it is, and its origin decides.</summary>
    private RejectReason? CheckRecall(Post post) =>
        post.Role < Role.Moderator ? RejectReason.Forbidden
        : post.Recall is Recall.One one && one.Target > new Position(Top.Epoch, _lastOffset) ? RejectReason.NotFound
        : null;

    private PostResult.Accepted Accept(Post post)
    {
        _lastTime = Math.Max(_lastTime, Now);
        var comment = post.Recall is { } recall
            ? new Comment(++_lastOffset, _lastTime, "", "", CommentStyle.Default, null) { Recall = recall }
            : new Comment(++_lastOffset, _lastTime, post.Author, post.Text, post.Style, post.At) { User = post.User, Role = post.Role };
        var position = new Position(Top.Epoch, comment.Offset);
        if (comment.Recall is { } recalled)
        {
            _recalls.Add(recalled, position);
        }

        _unsaved.Enqueue((_time.GetTimestamp(), post.Id, comment));
        RememberPost(post.Id, position, TimeSpan.Zero);
        if (IsAheadOfStore)
        {
            Publish(comment);
        }

        return new PostResult.Accepted(position, StateOf(position));
    }

    private void Publish(Comment comment)
    {
        if (comment.Offset > Top.Offset)
        {
            comment = _recalls.Apply(Top.Epoch, comment);
            _history.Append(comment, Previous);
            _published.Add(comment);
        }
    }

    private PostState StateOf(Position position) =>
        position.Epoch != Top.Epoch || position.Offset <= _savedOffset ? PostState.Saved
        : position.Offset <= Top.Offset ? PostState.Seen
        : PostState.Pending;

    private void Remember(Batch batch)
    {
        if (batch.Epoch != Top.Epoch)
        {
            _history.Enter(batch.Epoch);
        }

        foreach (var comment in batch.Comments)
        {
            _history.Append(comment, batch.Previous);
        }
    }

    private void RememberPost(PostId id, Position position, TimeSpan age)
    {
        _posts[id] = position;
        _postTimes.Enqueue((_time.GetTimestamp() - (long)(age.TotalSeconds * _time.TimestampFrequency), id));
        ForgetPosts();
    }

    private void ForgetPosts()
    {
        while (_postTimes.TryPeek(out var oldest)
            && (_time.GetElapsedTime(oldest.At) > _limits.PostIdWindow || _postTimes.Count > _limits.MaxPostIds))
        {
            _posts.Remove(_postTimes.Dequeue().Id);
        }
    }

    /// <summary>Removes everything after the last offset that is needed.</summary>
    private static IReadOnlyList<Batch> Cut(IReadOnlyList<Batch> page, long epoch, long through)
    {
        if (page is not [var first, ..] || first.Epoch != epoch || first.First.Offset > through || first.Last.Offset < through)
        {
            return page;
        }

        return [first with { Comments = [.. first.Comments.Take((int)(through - first.First.Offset + 1))] }];
    }
}

/// <summary>The state of an accepted post.</summary>
public enum PostState
{
    /// <summary>Not shown yet: the store is asked to commit it.</summary>
    Pending,

    /// <summary>Shown, but the store does not have it yet.</summary>
    Seen,

    /// <summary>Shown, and the store has it.</summary>
    Saved,
}

/// <summary>The outcome of a post.</summary>
public abstract record PostResult
{
    private PostResult()
    {
    }

    public sealed record Accepted(Position Position, PostState State) : PostResult;

    /// <summary>It was accepted before.</summary>
    public sealed record Repeated(Position Position, PostState State) : PostResult;

    /// <param name="RetryAfter">When to try again; null when not at all, or at once.</param>
    public sealed record Rejected(RejectReason Reason, TimeSpan? RetryAfter) : PostResult;

    /// <summary>It is not known whether it was accepted; it may be sent again with the same id.</summary>
    public sealed record Unknown : PostResult;
}

/// <summary>A room's answer to a request for what follows a position.</summary>
public abstract record RangeResult
{
    private RangeResult()
    {
    }

    /// <summary>The first page of the requested range; the rest needs another request. Empty when there is nothing more.</summary>
    public sealed record Found(IReadOnlyList<Batch> Page) : RangeResult;

    /// <summary>The range is older than what is in memory; the store may have it.</summary>
    public sealed record Older : RangeResult;

    /// <summary>The range was deleted, and no other node has it.</summary>
    public sealed record Gone(RoomHead Head, IReadOnlyList<Batch> Newest) : RangeResult;
}
