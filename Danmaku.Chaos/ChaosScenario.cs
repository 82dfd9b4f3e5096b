using System.Globalization;
using Danmaku.Chaos.Faults;
using Danmaku.Chaos.Report;
using Spectre.Console;

namespace Danmaku.Chaos;

/// <summary>From a schedule to a report: starts a cluster, breaks it, stops it, and compares.</summary>
public sealed class ChaosScenario(ChaosSettings settings, IAnsiConsole console, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();

    /// <exception cref="InvalidDataException">There was no cluster to break; the message says why.</exception>
    public async Task<ChaosReport> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("danmaku-chaos-").FullName;
        await using var journal = new StreamWriter(Path.Combine(folder, "run.log")) { AutoFlush = true };
        void Tell(string line) => Write(journal, line, settings.IsVerbose);
        Write(journal, settings.Command, isShown: true);
        var isClean = false;
        try
        {
            var report = await RunAsync(folder, Tell, line => Write(journal, line, isShown: true), cancellation);
            Show(report);
            isClean = report.IsClean;
            return report;
        }
        finally
        {
            if (isClean)
            {
                Directory.Delete(folder, recursive: true);
            }
            else
            {
                Say($"Logs are in {folder}.");
            }
        }
    }

    private async Task<ChaosReport> RunAsync(string folder, Action<string> tell, Action<string> show, CancellationToken cancellation)
    {
        await using var stage = await ChaosStage.StartAsync(settings, folder, tell, time, cancellation);
        var (schedule, leftOut) = Plan(stage);
        foreach (var (kind, why) in leftOut)
        {
            show($"{kind.Name()} skipped: {why}");
        }

        var (start, begin) = (time.GetTimestamp(), time.GetUtcNow());
        using var run = new ChaosRun(settings, stage, tell, time);
        await run.RunAsync(schedule, result => show(ChaosFigures.Line(result)), cancellation);
        var length = time.GetElapsedTime(start);
        await StopAsync(stage);

        var audit = new ChaosAudit(run, stage.Store);
        var (viewers, skips, posts) = audit.Check(await audit.ReadLogsAsync(begin, time.GetUtcNow(), cancellation));
        return new ChaosReport(
            Machine.ThisOne(time), settings, length, run.Results, leftOut, viewers, skips, posts, audit.WrongTimes, stage.Cluster.Exits, run.Failure,
            [.. stage.Cluster.LoggedErrors()]);
    }

    private (IEnumerable<Fault> Schedule, IReadOnlyDictionary<FaultKind, string> LeftOut) Plan(ChaosStage stage)
    {
        var schedule = settings.IsShort
            ? Schedule.Brief(settings.Seed)
            : Schedule.Endless(settings.Seed, settings.Faults ?? [.. FaultKinds.All]);
        var wanted = settings.IsShort ? schedule.Select(fault => fault.Kind) : settings.Faults ?? FaultKinds.All;
        var leftOut = wanted
            .Select(kind => (Kind: kind, Why: FaultInjector.WhyNot(kind, stage)))
            .Where(each => each.Why is not null)
            .ToDictionary(each => each.Kind, each => each.Why!);
        return leftOut.Count == wanted.Distinct().Count()
            ? throw new InvalidDataException($"None of these faults can be had here: {string.Join("; ", leftOut.Values)}.")
            : (schedule.Where(fault => !leftOut.ContainsKey(fault.Kind)), leftOut);
    }

    /// <summary>Edges first, then the origins one after the other: so each can hand over and leave.</summary>
    private static async Task StopAsync(ChaosStage stage)
    {
        foreach (var node in stage.Cluster.Nodes)
        {
            node.Retire();
        }

        await Task.WhenAll(stage.Cluster.Edges.Select(edge => edge.StopAsync(FaultInjector.StopPatience)));
        foreach (var origin in stage.Cluster.Origins)
        {
            await origin.StopAsync(FaultInjector.StopPatience);
        }

        await stage.KeepDisksAsync();
    }

    private void Show(ChaosReport report)
    {
        console.WriteTable(ChaosFigures.FaultColumns, ChaosFigures.Faults(report));
        console.WriteTable(ChaosFigures.SummaryColumns, ChaosFigures.Summary(report));
        foreach (var line in ChaosFigures.Remarks(report))
        {
            Say(line);
        }

        Say($"Again: {settings.Command}");
    }

    /// <summary>As one line, however long: what is to be copied must not be broken.</summary>
    private void Say(string line) => console.Profile.Out.Writer.WriteLine(line);

    private void Write(StreamWriter journal, string line, bool isShown)
    {
        var stamped = string.Create(CultureInfo.InvariantCulture, $"{time.GetElapsedTime(_start).TotalSeconds,7:0.00} {line}");
        lock (_lock)
        {
            journal.WriteLine(stamped);
            if (isShown)
            {
                Say(stamped);
            }
        }
    }
}
