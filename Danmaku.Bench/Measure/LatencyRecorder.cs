using HdrHistogram;

namespace Danmaku.Bench.Measure;

/// <summary>Times in microseconds, with three significant digits, up to a minute; a longer one counts as a minute.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class LatencyRecorder
{
    private const long MaxMicros = 60_000_000;

    private readonly LongHistogram _histogram = new(1, MaxMicros, 3);

    public void Record(long micros) => _histogram.RecordValue(Math.Clamp(micros, 1, MaxMicros));

    public void Add(LatencyRecorder other) => _histogram.Add(other._histogram);

    /// <summary>Forgets what was recorded.</summary>
    public void Clear() => _histogram.Reset();

    public Latency Summary() => _histogram.TotalCount == 0
        ? Latency.None
        : new Latency(_histogram.TotalCount, Millis(50), Millis(90), Millis(99), Millis(100));

    private double Millis(double percentile) => _histogram.GetValueAtPercentile(percentile) / 1000.0;
}

/// <summary>A distribution of times, in milliseconds.</summary>
public sealed record Latency(long Count, double P50, double P90, double P99, double Max)
{
    public static readonly Latency None = new(0, 0, 0, 0, 0);
}
