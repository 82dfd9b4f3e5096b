namespace Danmaku.Core.Rooms;

/// <summary>
/// The link of one room on one edge to the room's origin: when to ask it where the room is and for what is missing, when to ask again, when to give up on
/// what it does not give, and what it has been told.
/// </summary>
/// <remarks>Not thread-safe; it has one owner, who asks and waits as it says.</remarks>
/// <param name="gapTimeout">An origin that is heard and gives nothing of what is missing for longer never will.</param>
/// <param name="random">0 to 1, for jitter.</param>
public sealed class OriginLink(TimeSpan gapTimeout, TimeProvider time, Func<double> random)
{
    /// <summary>How long until a question is asked again that was not answered; grows to <see cref="LastRetry"/>.</summary>
    public static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(200);

    public static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);

    /// <summary>An origin that has answered is asked again after this time, since it forgets edges that say nothing.</summary>
    public static readonly TimeSpan ReattachEvery = TimeSpan.FromSeconds(30);

    /// <summary>An origin that has no place for the room is asked again after this time.</summary>
    public static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(5);

    /// <summary>Origins announce the head of an active room every second; an origin that was not heard for this long is silent.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private TimeSpan _retry = FirstRetry;
    private long _questions;
    private long _answered;
    private long _askedAt;
    private long _heardAt;
    private int _toldViewers;

    /// <summary>The room's head when something was put into it last.</summary>
    private Position _top;

    /// <summary>The range that is being asked for; null when none is.</summary>
    private MissingRange? _fetching;

    /// <summary>When a range was first missing, or last became smaller.</summary>
    private long _progressAt;

    /// <summary>The number of the next question: for whom the answers to those before say too little.</summary>
    public long NextQuestion => _questions + 1;

    /// <summary>Whether that question, or a later one, was answered.</summary>
    public bool HasAnswered(long question) => _answered >= question;

    /// <summary>
    /// When to ask where the room is, for those who came after the last question, but not once for each of them. Null when that question will be asked again
    /// by itself: until the room is attached each is, until it is answered.
    /// </summary>
    /// <param name="isAttached">Whether everything is here that there was when the origin first answered.</param>
    public TimeSpan? WaitToAsk(bool isAttached)
    {
        if (!isAttached)
        {
            return _questions == 0 ? TimeSpan.Zero : null;
        }

        return time.GetElapsedTime(_askedAt) >= FirstRetry ? TimeSpan.Zero : FirstRetry;
    }

    /// <summary>The origin is asked where the room is, now.</summary>
    /// <param name="viewers">People on this edge, which it is told with that.</param>
    /// <param name="again">How long to wait for the answer before it is asked again.</param>
    /// <returns>The number of the question.</returns>
    public long Ask(int viewers, out TimeSpan again)
    {
        _askedAt = time.GetTimestamp();
        _toldViewers = viewers;
        again = NextRetry();
        return ++_questions;
    }

    /// <summary>The origin is asked for what is missing, now.</summary>
    /// <returns>How long to wait for it before it is asked for again: a silent origin proves nothing.</returns>
    public TimeSpan Fetch(MissingRange missing)
    {
        _fetching = missing;
        return NextRetry();
    }

    /// <summary>The origin is told how many people are on this edge, now, if that is news to it.</summary>
    /// <returns>Whether it is.</returns>
    public bool TellViewers(int viewers)
    {
        var isNews = viewers != _toldViewers;
        _toldViewers = viewers;
        return isNews;
    }

    /// <summary>The origin has published something.</summary>
    public void Heard() => _heardAt = time.GetTimestamp();

    /// <summary>Something was put into the room.</summary>
    /// <param name="top">The room's head now.</param>
    /// <param name="missing">What the room misses now.</param>
    /// <param name="question">The number of the question that is answered; 0 when it is none.</param>
    /// <returns>What to do about what is missing.</returns>
    public FetchChange Merged(Position top, MissingRange? missing, long question = 0)
    {
        if (top != _top || _fetching is null)
        {
            _progressAt = time.GetTimestamp();
        }

        if (top != _top)
        {
            (_top, _retry) = (top, FirstRetry);
        }

        _answered = Math.Max(_answered, question);

        // An answer that brought nothing is no reason to ask again at once: the timer does.
        if (missing == _fetching)
        {
            return FetchChange.None;
        }

        if (missing is not null)
        {
            return FetchChange.Ask;
        }

        _fetching = null;
        return FetchChange.Stop;
    }

    /// <summary>Whether to go on without what is missing. An origin that is heard and does not give it for long never will; a silent one may.</summary>
    public bool IsToGiveUp(MissingRange? missing) =>
        missing is not null && time.GetElapsedTime(_progressAt) > gapTimeout && time.GetElapsedTime(_heardAt) < Silence;

    private TimeSpan NextRetry()
    {
        var wait = _retry * (0.75 + 0.5 * random());
        _retry = _retry * 2 < LastRetry ? _retry * 2 : LastRetry;
        return wait;
    }
}

/// <summary>What to do about what is missing.</summary>
public enum FetchChange
{
    /// <summary>It is being asked for, or nothing is missing.</summary>
    None,

    /// <summary>Something else is missing: ask for that.</summary>
    Ask,

    /// <summary>Nothing is missing any more.</summary>
    Stop,
}
