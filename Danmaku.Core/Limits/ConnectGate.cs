namespace Danmaku.Core.Limits;

/// <summary>How many may come in each second, and how long the others are to stay away: longer the more of them there are.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="random">0 to 1, without 1.</param>
public sealed class ConnectGate(double perSecond, double burst, TimeProvider time, Func<double> random)
{
    /// <summary>Nobody is to stay away for longer.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    private readonly TokenBucket _places = new(perSecond, burst, time);
    private double _turnedAway;
    private long _at = time.GetTimestamp();

    /// <summary>Lets one in.</summary>
    /// <returns>Null when it may come in, else a random time to stay away for.</returns>
    public TimeSpan? TryEnter()
    {
        var now = time.GetTimestamp();
        _turnedAway = Math.Max(0, _turnedAway - perSecond * time.GetElapsedTime(_at, now).TotalSeconds);
        _at = now;
        if (_places.TryTake() is null)
        {
            return null;
        }

        // Those turned away come back at half the rate; the other half is for who comes for the first time.
        _turnedAway++;
        return random() * Min(TimeSpan.FromSeconds(1 + 2 * _turnedAway / perSecond), MaxWait);
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
