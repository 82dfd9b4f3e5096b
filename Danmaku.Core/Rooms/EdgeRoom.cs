using Danmaku.Core.Moderation;

namespace Danmaku.Core.Rooms;

/// <summary>
/// One room on one edge: puts what arrives from the origin, in any order and any number of times, into the room's one order,
/// and knows what is missing.
/// </summary>
/// <remarks>
/// Not thread-safe; it has one owner. An epoch is entered only when the one before is complete to where it ended. What has become
/// ready is taken with <see cref="Take"/>; what is missing is told by <see cref="Missing"/>.
/// Heads and slices may come before the first <see cref="Attached"/>: they are held until it says where the room is.
/// </remarks>
public sealed class EdgeRoom(RoomLimits limits)
{
    /// <summary>Most epochs that are known to follow; the origin names the next one again with what is fetched.</summary>
    private const int MaxEpochs = 64;

    private readonly History _history = new(limits.HistoryComments, limits.HistoryBytes);

    /// <summary>What came before its turn.</summary>
    private readonly SortedSet<(Position At, Comment Comment)> _held =
        new(Comparer<(Position At, Comment Comment)>.Create((left, right) => left.At.CompareTo(right.At)));

    /// <summary>Epochs that are known to follow, and where the one before each ended.</summary>
    private readonly SortedDictionary<long, Position> _epochs = [];

    private readonly ReadyDeliveries _ready = new(limits.PageBytes);

    /// <summary>What has been recalled, as far as this edge has heard: also by recalls that are held.</summary>
    private readonly RecallSet _recalls = new();
    private Position _known;

    /// <summary>Where the epoch before that of <see cref="Top"/> ended.</summary>
    private Position _previous;

    /// <summary>Where the room was when its origin first said so: until then everything is history, and nobody is let in.</summary>
    private Position _attachedAt;

    private bool _hasBegun;

    /// <summary>Whether everything is here that there was when the origin first said where the room is.</summary>
    public bool IsAttached { get; private set; }

    /// <summary>Everything up to here has been delivered or is ready; <see cref="Position.None"/> before the origin's first answer.</summary>
    public Position Top => _history.Top;

    /// <summary>The range to fetch from the origin; null when nothing is known to be missing.</summary>
    public MissingRange? Missing
    {
        get
        {
            if (!_hasBegun || _known <= Top)
            {
                return null;
            }

            var through = EndOfEpoch() ?? (_known.Epoch == Top.Epoch ? _known.Offset : Position.MaxInteger);
            if (_held.Count > 0 && _held.Min.At is var next && next.Epoch == Top.Epoch)
            {
                through = Math.Min(through, next.Offset - 1);
            }

            return new MissingRange(Top.Epoch, Top.Offset + 1, through);
        }
    }

    /// <summary>Danmaku that the origin published, or a page that was fetched. May repeat, overlap and come in any order.</summary>
    public void Slice(Batch batch)
    {
        OnHead(new RoomHead(batch.Last, batch.Previous));
        foreach (var comment in batch.Comments)
        {
            var position = new Position(batch.Epoch, comment.Offset);
            if (comment.Recall is { } recall && position > Top)
            {
                Withdraw(recall, position);
            }

            if (IsNext(position))
            {
                Append(comment);
            }
            else if (position > Top)
            {
                Hold(position, comment);
            }
        }

        Advance();
    }

    /// <summary>The origin's word on where the room is.</summary>
    public void OnHead(RoomHead head)
    {
        Learn(head);
        Advance();
    }

    /// <summary>The answer to attaching, or to a fetch: what follows <see cref="Top"/>.</summary>
    public void Attached(RoomHead head, IReadOnlyList<Batch> page)
    {
        if (!_hasBegun)
        {
            Restart(head, page);
            return;
        }

        foreach (var batch in page)
        {
            Slice(batch);
        }

        OnHead(head);
    }

    /// <summary>
    /// The origin's word that what follows <see cref="Top"/> is gone: the room goes on with the newest, and viewers are told.
    /// Ignored when the room has moved on in the meantime.
    /// </summary>
    /// <param name="have">What the question named as <see cref="Top"/>.</param>
    public void OnGone(Position have, RoomHead head, IReadOnlyList<Batch> newest)
    {
        var hadBegun = _hasBegun;

        // Where the newest begin may still be what follows: an epoch that names Top as the end of the one before.
        Attached(head, newest);
        if (hadBegun && have == Top && head.Top > Top)
        {
            Restart(head, [.. newest.SkipWhile(batch => batch.Last <= Top)]);
        }
    }

    /// <summary>
    /// Goes on without what is missing, and viewers are told: for an origin that is heard, and yet does not answer for long. Its silence is
    /// no reason.
    /// </summary>
    public void GiveUp()
    {
        if (Missing is null)
        {
            return;
        }

        var next = _held.Count > 0 ? _held.Min.At with { Offset = _held.Min.At.Offset - 1 } : _known;
        Skip(next, _epochs.GetValueOrDefault(next.Epoch));
        Advance();
    }

    /// <summary>What has become ready since the last call, in order.</summary>
    /// <param name="bytes">So many of danmaku at most (<see cref="Comment.Bytes"/>): the oldest beyond that are skipped.</param>
    public IReadOnlyList<Delivery> Take(long bytes = long.MaxValue) => _ready.Take(bytes);

    /// <summary>Danmaku that <see cref="Take"/> has.</summary>
    public int ReadyCount => _ready.Count;

    /// <summary>Of these (<see cref="Comment.Bytes"/>).</summary>
    public long ReadyBytes => _ready.Bytes;

    /// <summary>Whether <see cref="Take"/> has something.</summary>
    public bool HasReady => _ready.Any;

    /// <summary>
    /// Whether a viewer that comes back has seen more than there is here yet, as happens when it comes from a faster edge.
    /// Whether it is lost is known only after the next answer of the origin: let it in then.
    /// </summary>
    public bool IsBehind(Position? last) => last > Top;

    /// <summary>Whether what a viewer that comes back has missed begins before what is here: the origin may have it.</summary>
    public bool IsOlder(Position? last) => last < _history.Start;

    /// <summary>Leaves out what comes after <see cref="Top"/>, and the text of what has been recalled since it was read.</summary>
    public IReadOnlyList<Batch> UpToTop(IReadOnlyList<Batch> batches) =>
    [
        .. batches
            .TakeWhile(batch => batch.First <= Top)
            .Select(batch => batch.Last <= Top
                ? batch
                : batch with { Comments = [.. batch.Comments.TakeWhile(comment => comment.Offset <= Top.Offset)] })
            .Select(_recalls.Apply),
    ];

    /// <summary>Where a viewer begins that joins now. Call <see cref="Take"/> first: what is ready belongs to those already here.</summary>
    /// <param name="last">The last position it has, if it comes back.</param>
    /// <param name="history">How many of the newest it wants when it does not, or when what it missed is gone.</param>
    public JoinStart Join(Position? last, int history)
    {
        if (last is { } position && _history.After(position, limits.PageBytes) is { } page)
        {
            return new JoinStart(position, false, page) { HasMore = page is [.., var end] && end.Last < Top };
        }

        var newest = _history.Newest(Math.Min(history, limits.MaxJoinHistory), limits.PageBytes);
        return new JoinStart(StartOf(newest) ?? Top, last is not null, newest);
    }

    private void Restart(RoomHead head, IReadOnlyList<Batch> newest)
    {
        (_hasBegun, _attachedAt) = (true, head.Top);
        Skip(StartOf(newest) ?? head.Top, newest is [var first, ..] ? first.Previous : head.Previous);
        foreach (var batch in newest)
        {
            Slice(batch);
        }

        OnHead(head);
    }

    /// <summary>Takes back at once what a recall names, also when the recall itself came before its turn.</summary>
    private void Withdraw(Recall recall, Position at)
    {
        _recalls.Add(recall, at);
        _history.Withdraw(recall);
        _ready.Withdraw(_recalls);
    }

    /// <summary>Goes on at a position that does not follow what is here.</summary>
    private void Skip(Position start, Position previous)
    {
        _previous = previous;
        _ready.Enter(start.Epoch, previous);
        _history.Reset(start, previous);
        _held.RemoveWhere(held => held.At <= start);
        ForgetEpochs(start.Epoch);
        if (IsAttached)
        {
            _ready.AddLost(start);
        }
    }

    private void Learn(RoomHead head)
    {
        _known = head.Top > _known ? head.Top : _known;
        if (head.Top.Epoch > Top.Epoch && !(head.Previous.IsNone && _epochs.ContainsKey(head.Top.Epoch)))
        {
            _epochs[head.Top.Epoch] = head.Previous;
            if (_epochs.Count > MaxEpochs)
            {
                _epochs.Remove(_epochs.Keys.First());
            }
        }
    }

    private void Hold(Position position, Comment comment)
    {
        if (_held.Add((position, comment)) && _held.Count > limits.MaxHeld)
        {
            _held.Remove(_held.Max);
        }
    }

    /// <summary>Moves on through what is held, and into the next epoch where this one is complete.</summary>
    private void Advance()
    {
        while (_hasBegun)
        {
            // The end comes first: what an epoch had beyond it died with its origin and is no part of the room's history.
            if (Following() is var (epoch, previous))
            {
                ForgetEpochs(epoch);
                _previous = previous;
                _ready.Enter(epoch, previous);
                _history.Enter(epoch);
            }
            else if (_held.Count > 0 && _held.Min is var held && held.At <= Top.Next)
            {
                _held.Remove(held);
                if (held.At == Top.Next)
                {
                    Append(held.Comment);
                }
            }
            else
            {
                IsAttached |= Top >= _attachedAt;
                return;
            }
        }
    }

    /// <summary>
    /// The epoch that follows what is here, null while none is known to: one before which nothing came but what is here. Those
    /// before it, of which nobody knows what they follow, then were not kept.
    /// </summary>
    private (long Epoch, Position Previous)? Following()
    {
        // As nearly always. To enumerate nothing costs as much as to append a danmaku.
        if (_epochs.Count == 0)
        {
            return null;
        }

        foreach (var (epoch, previous) in _epochs)
        {
            if (!previous.IsNone && previous <= Top)
            {
                return (epoch, previous);
            }
        }

        return null;
    }

    private bool IsNext(Position position) => _hasBegun && position == Top.Next && Following() is null;

    /// <summary>Goes on by the comment after <see cref="Top"/>. Before the room is attached nobody is here: what comes is history, not news.</summary>
    private void Append(Comment comment)
    {
        comment = _recalls.Apply(Top.Epoch, comment);
        _history.Append(comment, _previous);
        if (IsAttached)
        {
            _ready.Add(comment);
        }
    }

    /// <summary>Where the epoch of <see cref="Top"/> ended; null while it has not, or nobody said.</summary>
    private long? EndOfEpoch()
    {
        foreach (var previous in _epochs.Values)
        {
            if (previous.Epoch == Top.Epoch)
            {
                return previous.Offset;
            }
        }

        return null;
    }

    private void ForgetEpochs(long through)
    {
        foreach (var epoch in _epochs.Keys.TakeWhile(epoch => epoch <= through).ToArray())
        {
            _epochs.Remove(epoch);
        }
    }

    private static Position? StartOf(IReadOnlyList<Batch> batches) =>
        batches is [var batch, ..] ? batch.First with { Offset = batch.First.Offset - 1 } : null;
}
