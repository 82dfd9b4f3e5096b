using Danmaku.Core.Moderation;
using Danmaku.Core.Wire;

namespace Danmaku.Core.Rooms;

/// <summary>Decides what one viewer is sent, and when: welcome, batches, answers, and what happens when it reads too slowly.</summary>
/// <remarks>
/// Thread-safe: a room sends batches while a connection sends answers. Nobody waits for a slow viewer. If its format can say so, it is skipped ahead, told how
/// many danmaku it missed, and closed when it stays slow for longer than <see cref="ViewerLimits.TooSlowAfter"/>. Otherwise it is closed at once.
/// </remarks>
public sealed class Viewer(WireFormat format, IOutbox outbox, ViewerLimits limits, TimeProvider time)
{
    /// <summary>
    /// Most skipped ranges that it is told, one for each epoch. That many epochs begin only when something is very wrong. One more closes the viewer.
    /// </summary>
    private const int MaxSkippedRanges = 16;

    /// <summary>Most recalls that it is told of with what it has skipped; with more it is told that everything before is recalled.</summary>
    private const int MaxSkippedRecalls = 64;

    private readonly Lock _gate = new();
    private List<(long Epoch, long From, long Through)>? _skipped;

    /// <summary>What is taken back by entries among those that were skipped.</summary>
    private List<Recall>? _skippedRecalls;
    private Frame? _newest;
    private long _slowSince;
    private bool _isSlow;
    private bool _isLive;

    /// <summary>Whether it is being skipped ahead; then <see cref="CatchUp"/> must be called now and then.</summary>
    public bool IsSlow => Volatile.Read(ref _isSlow);

    /// <summary>Whether it gets the room's batches.</summary>
    public bool IsLive
    {
        get => Volatile.Read(ref _isLive);
        set => Volatile.Write(ref _isLive, value);
    }

    public WireFormat Format => format;

    /// <summary>Sends the welcome and the first batches.</summary>
    public void Greet(Welcome welcome, IReadOnlyList<Batch> batches)
    {
        Tell(format.Welcome(welcome));
        Deliver(batches);
    }

    /// <summary>Sends batches for this viewer alone.</summary>
    public void Deliver(IReadOnlyList<Batch> batches)
    {
        foreach (var batch in batches)
        {
            Deliver(format.Batch(batch));
        }
    }

    /// <summary>Sends a batch, or counts it as skipped.</summary>
    /// <returns>How many danmaku this call skipped.</returns>
    public int Deliver(Frame batch)
    {
        if (batch.Bytes.IsEmpty)
        {
            // Nothing that this format has a word for.
            return 0;
        }

        lock (_gate)
        {
            if (CatchUp() && outbox.TryWrite(batch))
            {
                return 0;
            }

            if (format.CanSkip)
            {
                FallBehind();
                Remember(batch.First, batch.Last, batch.Recalls);
            }
            else
            {
                outbox.Close(CloseReason.TooSlow);
            }

            return batch.Comments;
        }
    }

    /// <summary>Skips danmaku for which there is no time, and tells the viewer. Only for formats that can say so.</summary>
    /// <param name="notice">The message that tells the viewer.</param>
    /// <param name="through">The last; of the epoch of <paramref name="first"/>.</param>
    /// <param name="recalls">The recalls among them; the notice names them too.</param>
    public void Skip(Frame notice, Position first, Position through, IReadOnlyList<Recall> recalls)
    {
        lock (_gate)
        {
            if (CatchUp())
            {
                Tell(notice);
            }
            else
            {
                Remember(first, through, recalls);
            }
        }
    }

    /// <summary>Goes on when the socket has drained, and tells how many danmaku were skipped; closes the viewer when that takes too long.</summary>
    /// <returns>Whether the viewer can get batches again.</returns>
    public bool CatchUp()
    {
        lock (_gate)
        {
            if (!_isSlow)
            {
                return true;
            }

            if (!outbox.IsDrained)
            {
                if (time.GetElapsedTime(_slowSince) > limits.TooSlowAfter)
                {
                    outbox.Close(CloseReason.TooSlow);
                }

                return false;
            }

            Volatile.Write(ref _isSlow, false);
            TellSkipped();
            Tell(_newest);
            _newest = null;
            return true;
        }
    }

    /// <summary>
    /// Sends anything but a batch. A viewer without space even for that is closed. A message that the next of its kind replaces waits until a slow viewer has
    /// caught up: it must not take the space of answers.
    /// </summary>
    /// <param name="later">Whether it may wait for the next batch, or for <see cref="Flush"/>.</param>
    public void Tell(Frame? frame, bool later = false)
    {
        if (frame is null)
        {
            return;
        }

        lock (_gate)
        {
            var waits = frame.IsReplaceable && format.CanSkip;
            if ((!waits || !_isSlow) && outbox.TryWrite(frame, later))
            {
                return;
            }

            if (waits)
            {
                FallBehind();
                _newest = frame;
            }
            else
            {
                outbox.Close(CloseReason.TooSlow);
            }
        }
    }

    /// <summary>Sends the frames that were left for later.</summary>
    public void Flush() => outbox.Flush();

    /// <summary>
    /// Danmaku may be missing before <paramref name="position"/>, also recalls: the viewer forgets what it has shown. So earlier skips no longer matter. A slow
    /// viewer remains slow until its socket has drained.
    /// </summary>
    public void Lose(Position position)
    {
        lock (_gate)
        {
            (_skipped, _skippedRecalls) = (null, null);
            CatchUp();
            Tell(format.Lost(position));
        }
    }

    public void Close(CloseReason reason) => outbox.Close(reason);

    private void FallBehind()
    {
        if (!_isSlow)
        {
            _slowSince = time.GetTimestamp();
            Volatile.Write(ref _isSlow, true);
        }
    }

    /// <summary>Tells of the ranges, and with the last of them of the recalls.</summary>
    private void TellSkipped()
    {
        var (skipped, recalls) = (_skipped, _skippedRecalls);
        (_skipped, _skippedRecalls) = (null, null);
        for (var i = 0; i < skipped?.Count; i++)
        {
            var (epoch, from, through) = skipped[i];
            Tell(format.Skipped(epoch, from, through, i == skipped.Count - 1 && recalls is not null ? recalls : []));
        }
    }

    private void Remember(IReadOnlyList<Recall> recalls)
    {
        if (recalls.Count == 0 || _skippedRecalls is [Recall.Everything])
        {
            return;
        }

        _skippedRecalls ??= [];
        _skippedRecalls.AddRange(recalls);
        if (_skippedRecalls.Count > MaxSkippedRecalls)
        {
            _skippedRecalls = [Recall.Everything.Instance];
        }
    }

    private void Remember(Position first, Position through, IReadOnlyList<Recall> recalls)
    {
        Remember(recalls);
        _skipped ??= [];
        if (_skipped.Count > 0 && _skipped[^1] is var last && last.Epoch == first.Epoch && last.Through + 1 == first.Offset)
        {
            _skipped[^1] = last with { Through = through.Offset };
        }
        else if (_skipped.Count == MaxSkippedRanges)
        {
            outbox.Close(CloseReason.TooSlow);
        }
        else
        {
            _skipped.Add((first.Epoch, first.Offset, through.Offset));
        }
    }
}

/// <summary>The bounds of one viewer.</summary>
public sealed record ViewerLimits
{
    /// <summary>How long a viewer may be skipped ahead before it is closed.</summary>
    public TimeSpan TooSlowAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Posts per second of one connection.</summary>
    public double PostsPerSecond { get; init; } = 5;

    /// <summary>Posts of one connection at once after a pause.</summary>
    public double PostBurst { get; init; } = 10;

    /// <summary>How long a post may take to its origin; later it must not be accepted.</summary>
    public TimeSpan PostDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most unanswered posts of one connection; more are refused.</summary>
    public int MaxPendingPosts { get; init; } = 64;
}
