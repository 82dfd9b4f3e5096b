namespace Danmaku.Core.Limits;

/// <summary>A rate with bursts: holds up to its burst of tokens and gains some each second.</summary>
/// <remarks>Not thread-safe; it has one owner. Starts full.</remarks>
public sealed class TokenBucket
{
    private readonly double _perSecond;
    private readonly double _burst;
    private readonly TimeProvider _time;
    private double _tokens;
    private long _at;

    public TokenBucket(double perSecond, double burst, TimeProvider time)
    {
        (_perSecond, _burst, _time) = (perSecond, burst, time);
        (_tokens, _at) = (burst, time.GetTimestamp());
    }

    /// <summary>Whether it has been idle so long that a new one would be the same.</summary>
    public bool IsFull
    {
        get
        {
            Refill();
            return _tokens >= _burst;
        }
    }

    /// <summary>Whether at least half of its burst is there.</summary>
    public bool IsHalfFull
    {
        get
        {
            Refill();
            return _tokens >= _burst / 2;
        }
    }

    /// <summary>Takes one token.</summary>
    /// <param name="keep">How many others must be left.</param>
    /// <returns>Null when there was one, else how long to wait for the next.</returns>
    public TimeSpan? TryTake(double keep = 0)
    {
        Refill();
        if (_tokens >= keep + 1)
        {
            _tokens--;
            return null;
        }

        return TimeSpan.FromSeconds(Math.Clamp((keep + 1 - _tokens) / _perSecond, 0.001, 86_400));
    }

    /// <summary>Takes one token, also the next that nobody has taken yet and that is still to come: so those who wait have turns.</summary>
    /// <param name="most">The longest wait: beyond it the token is not counted.</param>
    /// <returns>How long until it is there; zero when it is.</returns>
    public TimeSpan Reserve(TimeSpan most)
    {
        Refill();
        _tokens = Math.Max(_tokens - 1, -_perSecond * most.TotalSeconds);
        return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Max(0.001, -_tokens / _perSecond));
    }

    /// <summary>Takes tokens, also such as are only to come: then it is longer until there is one again.</summary>
    public void Owe(double tokens) => _tokens -= tokens;

    /// <summary>Puts a token back that was taken for nothing.</summary>
    public void Return() => _tokens = Math.Min(_burst, _tokens + 1);

    private void Refill()
    {
        var now = _time.GetTimestamp();
        _tokens = Math.Min(_burst, _tokens + _perSecond * _time.GetElapsedTime(_at, now).TotalSeconds);
        _at = now;
    }
}
