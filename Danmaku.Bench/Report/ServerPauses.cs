using System.Globalization;
using System.Text.Json.Serialization;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Report;

/// <summary>How long garbage collection let nothing run in a server, each time, while it was measured.</summary>
public sealed record ServerPauses(string Name, Latency Lengths)
{
    [JsonIgnore]
    public (string Name, string Value) Figure => ($"pauses of {Name}", Lengths.Count == 0
        ? "0"
        : string.Create(CultureInfo.InvariantCulture, $"{Lengths.Count}, p50 {Lengths.P50:0.0} ms, p99 {Lengths.P99:0.0} ms, max {Lengths.Max:0.0} ms"));

    public static IReadOnlyList<ServerPauses> During(IReadOnlyList<GcPauses> servers, DateTimeOffset begin, TimeSpan duration) =>
        [.. servers.Select(server => new ServerPauses(server.Server, server.During(begin, duration)))];
}
