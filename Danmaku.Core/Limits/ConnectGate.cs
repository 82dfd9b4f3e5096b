namespace Danmaku.Core.Limits;

/// <summary>Limits how many may connect each second. The others are told how long to stay away: longer the more of them there are.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="random">At least 0 and less than 1.</param>
public sealed class ConnectGate(double perSecond, double burst, TimeProvider time, Func<double> random)
{
    /// <summary>The longest time that anybody is told to stay away.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    private readonly TokenBucket _places = new(perSecond, burst, time);
    private double _turnedAway;
    private long _at = time.GetTimestamp();

    /// <summary>Admits one client.</summary>
    /// <returns>Null when it may connect, else a random time to stay away.</returns>
    public TimeSpan? TryEnter()
    {
        var now = time.GetTimestamp();
        _turnedAway = Math.Max(0, _turnedAway - perSecond * time.GetElapsedTime(_at, now).TotalSeconds);
        _at = now;
        if (_places.TryTake() is null)
        {
            return null;
        }

        // Refused clients come back at half the rate; the other half is for clients that come for the first time.
        _turnedAway++;
        return random() * Min(TimeSpan.FromSeconds(1 + 2 * _turnedAway / perSecond), MaxWait);
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
