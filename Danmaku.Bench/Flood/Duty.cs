namespace Danmaku.Bench.Flood;

/// <summary>Holds a process to a share of one core. What it leaves unused is not saved up.</summary>
public sealed class Duty(double share)
{
    private TimeSpan _cpu;
    private TimeSpan _elapsed;
    private TimeSpan _tooMuch;

    /// <param name="cpu">What the process has used so far.</param>
    /// <param name="elapsed">Since any fixed point in time.</param>
    /// <returns>How long it is to rest now; zero if it has not used more than its share.</returns>
    public TimeSpan RestAfter(TimeSpan cpu, TimeSpan elapsed)
    {
        _tooMuch += cpu - _cpu - (share * (elapsed - _elapsed));
        (_cpu, _elapsed) = (cpu, elapsed);
        _tooMuch = _tooMuch > TimeSpan.Zero ? _tooMuch : TimeSpan.Zero;
        return _tooMuch / share;
    }
}
