using Danmaku.Bench.Measure;
using Danmaku.Bench.Report;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Tests.Report;

/// <summary>Reports as runs leave them.</summary>
internal static class Some
{
    public static readonly Machine Machine = new("2026-11-22", "fanout", "a CPU", 2, "a system", "a runtime");

    public static readonly LoadSettings Settings = new(
        [new Uri("http://127.0.0.1:1")], ServerKind.Danmaku, "bench", 1, 1000, ViewerFormat.Json, 10, TextKind.Fixed, 100, 500, 20, [], [new ServerProcess("edge", 1)],
        IsSpinning: false);

    /// <param name="micros">Of the server's CPU for each delivery.</param>
    public static Measurement Measurement(double rate, double p99 = 50, double micros = 2, double busy = 0.5, bool isComplete = true, long resident = 100) => new(
        rate,
        new Flow(DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(10), (long)(rate * 10_000), rate * 1000, 160),
        new Latency(1000, p99 / 2, p99 / 1.5, p99, p99 * 2),
        new Latency(100, 1, 2, 3, 4),
        new Load(busy, busy, null, null, new Latency(100, 0.1, 0.2, 0.3, 0.4), [new ServerLoad("edge", 1, 0.5, 0.9, micros, 0, resident)]),
        Refused: 0,
        Sequences.None,
        isComplete);

    public static RunReport Run(Sequences? sequences = null, Measurement? result = null, params Measurement[] steps) => new(
        Machine, "fanout", Settings, TimeSpan.FromSeconds(2), result ?? Measurement(50), steps,
        new Posts(500, 500, 0, new Dictionary<string, long>(), 0, 0, 0),
        [new EdgeReport(Settings.Urls[0], 1000, new Latency(1000, 1, 2, 3, 4))], sequences ?? Sequences.None, new Dictionary<string, int>(),
        [], new Compression(0, 0));
}
