using HdrHistogram;

namespace Danmaku.Bench.Measure;

/// <summary>Times in microseconds, with three significant digits, up to a minute; a longer one counts as a minute.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class LatencyRecorder
{
    private const long MaxMicros = 60_000_000;

    private readonly Lock _lock = new();
    private readonly LongHistogram _histogram = new(1, MaxMicros, 3);

    public void Record(long micros)
    {
        lock (_lock)
        {
            _histogram.RecordValue(Math.Clamp(micros, 1, MaxMicros));
        }
    }

    public void Add(LatencyRecorder other)
    {
        lock (_lock)
        {
            _histogram.Add(other._histogram);
        }
    }

    public Latency Summary()
    {
        lock (_lock)
        {
            return _histogram.TotalCount == 0
                ? Latency.None
                : new Latency(_histogram.TotalCount, Millis(50), Millis(90), Millis(99), Millis(100));
        }
    }

    private double Millis(double percentile) => _histogram.GetValueAtPercentile(percentile) / 1000.0;
}

/// <summary>A distribution of times, in milliseconds.</summary>
public sealed record Latency(long Count, double P50, double P90, double P99, double Max)
{
    public static readonly Latency None = new(0, 0, 0, 0, 0);
}
