namespace Danmaku.Core.Limits;

/// <summary>A rate with bursts: holds at most a burst of tokens and gains some each second.</summary>
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

    /// <summary>Whether it has been idle so long that it equals a new one.</summary>
    public bool IsFull
    {
        get
        {
            Refill();
            return _tokens >= _burst;
        }
    }

    /// <summary>Whether at least half of the burst is left.</summary>
    public bool IsHalfFull
    {
        get
        {
            Refill();
            return _tokens >= _burst / 2;
        }
    }

    /// <summary>Takes one token.</summary>
    /// <param name="keep">How many tokens must be left.</param>
    /// <returns>Null when a token was taken, else how long to wait for one.</returns>
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

    /// <summary>Takes one token, or reserves the next future one: so waiting callers get turns.</summary>
    /// <param name="most">The longest wait; tokens taken beyond it are not counted.</param>
    /// <returns>How long until the token is there; zero when it is there now.</returns>
    public TimeSpan Reserve(TimeSpan most)
    {
        Refill();
        _tokens = Math.Max(_tokens - 1, -_perSecond * most.TotalSeconds);
        return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Max(0.001, -_tokens / _perSecond));
    }

    /// <summary>Takes tokens, also future ones: then the next token comes later.</summary>
    public void Owe(double tokens) => _tokens -= tokens;

    /// <summary>Returns a token that was not needed.</summary>
    public void Return() => _tokens = Math.Min(_burst, _tokens + 1);

    private void Refill()
    {
        var now = _time.GetTimestamp();
        _tokens = Math.Min(_burst, _tokens + _perSecond * _time.GetElapsedTime(_at, now).TotalSeconds);
        _at = now;
    }
}
