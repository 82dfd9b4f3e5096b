using System.Text.Json.Serialization;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Report;

/// <summary>What was found at one rate.</summary>
/// <param name="Rate">Posts per second that were offered, in all rooms together.</param>
/// <param name="Latency">From when a post was due until a sampled viewer had it; measured posts only.</param>
/// <param name="AckLatency">From when a post was due until its author had the answer.</param>
/// <param name="Refused">Posts that were refused.</param>
/// <param name="Defects">What viewers did not get, or not in order.</param>
/// <param name="IsSettled">Afterwards every post was answered, every viewer got everything else, and nobody was cut off.</param>
public sealed record Measurement(
    double Rate, Flow Flow, Latency Latency, Latency AckLatency, Load Load, long Refused, Sequences Defects, bool IsSettled)
{
    /// <summary>Every post was taken, and everybody got everything once and in order.</summary>
    public bool IsComplete => IsSettled && Refused == 0 && Defects.IsClean;


    /// <summary>Whether the servers can be said to bear this rate.</summary>
    public bool Passes(double maxP99) => IsComplete && Latency.Count > 0 && Latency.P99 < maxP99;
}

/// <summary>What a run found: fanout, rooms, soak, overload.</summary>
/// <param name="Result">The only measurement, or the best one.</param>
/// <param name="Steps">All measurements in their order, where there were several.</param>
/// <param name="Sequences">Over the whole run, warm-up included.</param>
/// <param name="Disconnects">Connections that ended by themselves during the run, by how.</param>
/// <param name="Memory">How the servers' memory went, where the run was long enough to tell.</param>
/// <param name="Compression">Of messages that came compressed, each counted once.</param>
/// <param name="MaySkip">Whether more was asked for than servers bear, so that skipping and cutting off is right where viewers are told.</param>
public sealed record RunReport(
    Machine Machine,
    string Scenario,
    LoadSettings Settings,
    TimeSpan Joining,
    Measurement Result,
    IReadOnlyList<Measurement> Steps,
    Posts Posts,
    IReadOnlyList<EdgeReport> Edges,
    Sequences Sequences,
    IReadOnlyDictionary<string, int> Disconnects,
    IReadOnlyList<MemoryTrend> Memory,
    Compression Compression,
    bool MaySkip = false)
{
    /// <summary>Of garbage collection while <see cref="Result"/> was measured, in servers that the tool has started; none if not asked for.</summary>
    public IReadOnlyList<ServerPauses> Pauses { get; init; } = [];

    /// <summary>Everybody got everything once and in order, nobody was cut off, every post has one answer, and memory did not grow.</summary>
    public bool IsClean => IsInOrder && Memory.All(trend => trend.IsFlat) && Posts is { Sent: > 0, Contradictions: 0 }
        && (Posts.Unanswered == 0 || (MaySkip && Disconnects.Count > 0))
        && (Posts.Acked > 0 || Settings.Server != ServerKind.Danmaku);

    private bool IsInOrder => MaySkip
        ? (Sequences with { Missing = Sequences.Missing - Sequences.Announced }).IsClean
        : Sequences.IsClean && Disconnects.Count == 0;

    /// <summary>What a reader must know before believing the figures.</summary>
    [JsonInclude]
    public IEnumerable<string> Remarks => [.. Result.Load.Remarks, .. Warnings()];

    private IEnumerable<string> Warnings()
    {
        if (Posts.Rejected.Count > 0)
        {
            yield return $"{Posts.Rejected.Values.Sum()} posts were refused: the offered rate was not reached. "
                + "Danmaku:Connection:PostsPerSecond and Danmaku:Room:PostsPerSecond are the limits; --posters spreads posts over more connections.";
        }

        if (Posts.Undurable > 0)
        {
            yield return $"{Posts.Undurable} posts were acknowledged and never became durable.";
        }

        if (Sequences.Foreign > 0)
        {
            yield return "Others posted into this room: use a --room of your own.";
        }
    }
}

/// <summary>A server's resident memory over a long run.</summary>
/// <param name="Early">Its mean in the second quarter of the run, in bytes; the first is for growing up.</param>
/// <param name="Late">Its mean in the last quarter.</param>
public sealed record MemoryTrend(string Name, double Early, double Late)
{
    private const double MaxGrowth = 0.1;

    public double Growth => (Late / Early) - 1;

    public bool IsFlat => Growth < MaxGrowth;

    /// <param name="steps">Of equal length, in their order; fewer than eight say nothing.</param>
    public static IReadOnlyList<MemoryTrend> Of(IReadOnlyList<Measurement> steps)
    {
        var quarter = steps.Count / 4;
        return quarter < 2
            ? []
            : [.. steps[0].Load.Servers.Select((server, i) => new MemoryTrend(
                server.Name,
                steps.Skip(quarter).Take(quarter).Average(step => step.Load.Servers[i].ResidentBytes),
                steps.TakeLast(quarter).Average(step => step.Load.Servers[i].ResidentBytes)))];
    }
}

public sealed record EdgeReport(Uri Url, int Viewers, Latency Latency);

/// <summary>Counters at one moment.</summary>
/// <param name="At">When that was; <paramref name="Elapsed"/>: since the run began.</param>
/// <param name="Idle">How long the tool's loop had nothing to do so far.</param>
public sealed record Sample(DateTimeOffset At, TimeSpan Elapsed, TimeSpan Idle, long Deliveries, long ReceivedBytes, LoadReading Load);

/// <summary>What arrived while it was measured.</summary>
public sealed record Flow(DateTimeOffset Begin, TimeSpan Duration, long Deliveries, double DeliveriesPerSecond, double BytesPerDelivery)
{
    public static Flow Between(Sample begin, Sample end)
    {
        var (duration, deliveries) = (end.Elapsed - begin.Elapsed, end.Deliveries - begin.Deliveries);
        return new Flow(begin.At, duration, deliveries, deliveries / duration.TotalSeconds,
            deliveries == 0 ? 0 : (double)(end.ReceivedBytes - begin.ReceivedBytes) / deliveries);
    }
}
