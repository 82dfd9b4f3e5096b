namespace Danmaku.Core.Clocks;

/// <summary>A node's judgement of its wall clock. The numbers are those of the cluster's wire and never change.</summary>
public enum ClockState : byte
{
    /// <summary>It runs evenly, or others agree with it.</summary>
    Right,

    /// <summary>It has jumped, and there is no other clock to compare it with: not trusted yet.</summary>
    Doubted,

    /// <summary>Others disagree, and they are right.</summary>
    Wrong,

    /// <summary>It runs evenly, others disagree, and it is not known which is right.</summary>
    Disputed,
}

/// <param name="Ahead">How far the wall clock is ahead of the agreed time, or, when disputed, of the other clock; negative when it is behind.</param>
public readonly record struct ClockVerdict(ClockState State, TimeSpan Ahead);

/// <summary>Another node's wall clock.</summary>
/// <param name="Offset">How far it is ahead of this process's monotonic clock.</param>
/// <param name="IsSteady">Whether it is at that node's agreed time. Otherwise it has no vote.</param>
public readonly record struct ClockReading(TimeSpan Offset, bool IsSteady);

/// <summary>Decides whether this node's wall clock can be trusted, and which time to use if not.</summary>
/// <remarks>
/// A clock is described by how far it is ahead of this process's monotonic clock. That distance is constant unless somebody sets the clock. Not thread-safe; it
/// has one owner.
/// </remarks>
/// <param name="own">How far the wall clock is ahead at the start; trusted until others disagree.</param>
/// <param name="now">The monotonic clock at the start.</param>
public sealed class ClockJudge(TimeSpan own, TimeSpan now)
{
    /// <summary>Clocks that are further apart disagree.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    /// <summary>How long a clock that has jumped must run evenly before it is trusted again, when there is no other clock to compare it with.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How near a wrong clock must come to be right again; nearer than <see cref="Tolerance"/>, so that a clock at the border does not change its state all the
    /// time.
    /// </summary>
    private static readonly TimeSpan Recovered = Tolerance - TimeSpan.FromSeconds(1);

    private TimeSpan _agreedSince = now;
    private TimeSpan? _store;
    private TimeSpan? _before;
    private (TimeSpan Offset, TimeSpan Since)? _doubt;
    private bool _isWrong;

    /// <summary>How far the agreed time is ahead of the monotonic clock.</summary>
    public TimeSpan Agreed { get; private set; } = own;

    /// <summary>How long the wall clock has neither jumped nor been disputed.</summary>
    /// <param name="now">The monotonic clock.</param>
    public TimeSpan AgreedFor(TimeSpan now) => now - _agreedSince;

    /// <summary>
    /// A majority of the clocks that have not jumped is right. Without a majority the store's clock is right; without a store, the clocks that have not jumped.
    /// A clock that has jumped and cannot be compared is trusted again after <see cref="Patience"/>, or when it is back.
    /// </summary>
    /// <param name="now">The monotonic clock.</param>
    /// <param name="own">How far the wall clock is ahead of it.</param>
    /// <param name="store">How far the store's clock is; null when there is none, or it does not answer.</param>
    public ClockVerdict Judge(TimeSpan now, TimeSpan own, TimeSpan? store, IEnumerable<ClockReading> nodes)
    {
        var isSteady = IsAt(own, Agreed);
        var keeper = IsStoreSteady(store) ? store : null;
        List<TimeSpan> votes = [.. nodes.Where(node => node.IsSteady).Select(node => node.Offset)];
        if (keeper is { } kept)
        {
            votes.Add(kept);
        }

        if (isSteady)
        {
            votes.Add(own);
        }

        if ((Majority(votes) ?? keeper) is { } right)
        {
            return IsAt(own, right) ? Believe(now, own) : Refuse(now, own, right);
        }

        if (votes.Count == 0)
        {
            return Doubt(now, own);
        }

        if (!isSteady)
        {
            return Refuse(now, own, Agreed);
        }

        Believe(now, own);
        _agreedSince = now;
        return new ClockVerdict(ClockState.Disputed, own - votes.MaxBy(vote => (own - vote).Duration()));
    }

    /// <summary>The time of a majority, within the tolerance; null when there is no majority.</summary>
    private static TimeSpan? Majority(List<TimeSpan> votes)
    {
        votes.Sort();
        for (var (first, count) = (0, votes.Count / 2 + 1); first + count <= votes.Count; first++)
        {
            if (votes[first + count - 1] - votes[first] <= Tolerance)
            {
                return votes[first + count / 2];
            }
        }

        return null;
    }

    /// <summary>A store's clock that has jumped has no vote until it is back, or at the agreed time.</summary>
    private bool IsStoreSteady(TimeSpan? store)
    {
        if (store is not { } offset || (_store is { } known && !IsNear(offset, known) && !IsNear(offset, Agreed)))
        {
            return false;
        }

        _store = offset;
        return true;
    }

    private ClockVerdict Believe(TimeSpan now, TimeSpan own, TimeSpan? before = null)
    {
        if (_isWrong || !IsNear(own, Agreed))
        {
            _agreedSince = now;
            _before = before;
        }

        Agreed = own;
        _doubt = null;
        _isWrong = false;
        return new ClockVerdict(ClockState.Right, TimeSpan.Zero);
    }

    private ClockVerdict Refuse(TimeSpan now, TimeSpan own, TimeSpan right)
    {
        Agreed = right;
        _agreedSince = now;
        _doubt = null;
        _isWrong = true;
        return new ClockVerdict(ClockState.Wrong, own - right);
    }

    private ClockVerdict Doubt(TimeSpan now, TimeSpan own)
    {
        _agreedSince = now;
        if (_before is { } before && IsNear(own, before))
        {
            return Believe(now, own);
        }

        if (_doubt is not { } doubt || !IsNear(own, doubt.Offset))
        {
            _doubt = doubt = (own, now);
        }

        // If it goes back, it is trusted at once.
        return now - doubt.Since >= Patience ? Believe(now, own, before: Agreed) : new ClockVerdict(ClockState.Doubted, own - Agreed);
    }

    private bool IsAt(TimeSpan own, TimeSpan there) => (own - there).Duration() <= (_isWrong ? Recovered : Tolerance);

    private static bool IsNear(TimeSpan one, TimeSpan other) => (one - other).Duration() <= Tolerance;
}
