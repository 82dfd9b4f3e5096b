using System.Globalization;
using System.Text.Json.Serialization;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Report;

/// <summary>What many connections cost: idle, storm.</summary>
/// <param name="Begin">When the first connection began.</param>
/// <param name="Joining">From the first connection's beginning until the last one had joined.</param>
/// <param name="JoinLatency">Of each connection, from when it was to begin, with all attempts.</param>
/// <param name="Refusals">Attempts that were refused and repeated, by the reason.</param>
/// <param name="Idling">How long they were held afterwards.</param>
/// <param name="Before">Readings before the first connection, <paramref name="Joined"/> after the last, <paramref name="After"/> at the end.</param>
/// <param name="Disconnects">Connections that ended by themselves, by how.</param>
/// <param name="OwnBusy">The share of the joining in which this tool had something to do; 0 to 1.</param>
public sealed record ConnectReport(
    Machine Machine,
    string Scenario,
    LoadSettings Settings,
    DateTimeOffset Begin,
    TimeSpan Joining,
    Latency JoinLatency,
    IReadOnlyDictionary<string, int> Refusals,
    TimeSpan Idling,
    LoadReading Before,
    LoadReading Joined,
    LoadReading After,
    IReadOnlyDictionary<string, int> Disconnects,
    double OwnBusy)
{
    private const double MostOfTheTime = 0.9;

    /// <summary>Of garbage collection since <see cref="Begin"/>, in servers that the tool has started; none if not asked for.</summary>
    public IReadOnlyList<ServerPauses> Pauses { get; init; } = [];

    public bool IsClean => Disconnects.Count == 0;

    public double ConnectsPerSecond => Settings.Connections / Joining.TotalSeconds;

    /// <summary>What each server process has more than before, for each connection of the run.</summary>
    [JsonInclude]
    public IEnumerable<ConnectCost> Servers => [.. Before.Servers.Select((before, i) => new ConnectCost(
        before.Name,
        before.ResidentBytes,
        After.Servers[i].ResidentBytes,
        (After.Servers[i].ResidentBytes - before.ResidentBytes) / 1024.0 / Settings.Connections,
        (Joined.Servers[i].Cpu - before.Cpu).TotalMicroseconds / Settings.Connections,
        (After.Servers[i].Cpu - Joined.Servers[i].Cpu) / Idling))];

    public IEnumerable<(string Name, string Value)> Figures
    {
        get
        {
            yield return ("connections", Text($"{Settings.Connections} on {Settings.Urls.Count} edges, {Settings.Rooms} rooms"));
            yield return ("joined in", Text($"{Joining.TotalSeconds:0.00} s = {ConnectsPerSecond:#,0} per second"));
            yield return ("each after", Text($"p50 {JoinLatency.P50:0.0} ms, p99 {JoinLatency.P99:0.0} ms, max {JoinLatency.Max:0.0} ms"));
            yield return ("refused and tried again", Counts(Refusals));
            yield return ("disconnected", Counts(Disconnects));
            foreach (var server in Servers)
            {
                var (before, after) = (server.ResidentBytesBefore / 1048576.0, server.ResidentBytesAfter / 1048576.0);
                var memory = Text($"{server.KibPerConnection:0.0} KiB per connection ({before:0.0} → {after:0.0} MiB)");
                var cpu = Text($"{server.ConnectMicros:0} µs of CPU per connect, {server.IdleCores:0.00} cores while they idled for {Idling.TotalSeconds:0} s");
                yield return (server.Name, $"{memory}, {cpu}");
            }

            foreach (var pauses in Pauses)
            {
                yield return pauses.Figure;
            }

            yield return ("this tool", Text($"busy {OwnBusy:P0} while they joined") + (OwnBusy > MostOfTheTime ? ": may have been the bottleneck" : ""));
        }
    }

    public string ToMarkdown() => $"{Markdown.BeginBench(Machine).AppendTable(Figures)}";

    private static string Counts(IReadOnlyDictionary<string, int> counts) =>
        counts.Count == 0 ? "0" : string.Join(", ", counts.Select(pair => $"{pair.Value} × {pair.Key}"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What connections cost one server process.</summary>
/// <param name="KibPerConnection">Of resident memory, beyond what it had before the first one.</param>
/// <param name="ConnectMicros">CPU until all had joined, for each.</param>
/// <param name="IdleCores">CPU afterwards, divided by the time that passed.</param>
public sealed record ConnectCost(
    string Name, long ResidentBytesBefore, long ResidentBytesAfter, double KibPerConnection, double ConnectMicros, double IdleCores);
