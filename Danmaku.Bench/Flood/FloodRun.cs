using System.Globalization;
using System.Net;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Report;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Flood;

/// <summary>The honest before, beside and after one attack, and beside the same attack on a stand-in. On the thread of <paramref name="run"/>.</summary>
/// <param name="folder">For what the processes say; of this run alone.</param>
/// <param name="ended">Says which of the nodes have ended by themselves.</param>
public sealed class FloodRun(
    AttackKind kind, FloodSettings settings, LoadRun run, string folder, Func<IReadOnlyList<string>> ended, TimeProvider time)
{
    /// <summary>Until when all is to be as before.</summary>
    public static readonly TimeSpan MaxRecovery = TimeSpan.FromSeconds(10);

    /// <summary>So many times the p99 before counts as back: a second has few posts, and its p99 is the slowest of them.</summary>
    private const double Back = 1.5;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>How long after the measurement an attack goes on that is not through. Visitors come in the meantime.</summary>
    private static readonly TimeSpan LongestAttack = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly AttackSize _size = AttackSize.Of(kind, settings.Count, settings.Addresses);

    /// <exception cref="InvalidDataException">Nothing could be measured, or the honest were not served even without the attack.</exception>
    public FloodResult Run()
    {
        run.Join();
        var visitors = new Visitors(settings.Load.Urls, settings.Crowded, settings.OfVisitors, time);
        try
        {
            return Run(visitors);
        }
        finally
        {
            visitors.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private FloodResult Run(Visitors visitors)
    {
        run.Crowd.ChurnRate = FloodSettings.Churn;
        var before = Quiet(Measure("before", settings.Warmup), visitors, "without an attack");
        var beside = Quiet(BesideStandIn(), visitors, "beside the stand-in");

        run.Crowd.JoinLatency.Clear();
        var result = new FloodResult(kind, _size, before, beside);
        try
        {
            var (during, waiting, counts) = Beside(settings.Load.Urls, "beside the attack", "node");
            result = result with { During = during, Attackers = counts, Newcomers = run.Crowd.JoinLatency.Summary(), Waiting = waiting };
            result = result with { Recovery = Recover(before) };
            result = result with { After = Measure("after") };
        }
        catch (InvalidDataException broken)
        {
            result = result with { Broken = broken.Message };
        }

        Await(visitors.EndAsync());
        var report = run.Finish(result.After ?? beside);
        return result with
        {
            Sequences = report.Sequences,
            Posts = report.Posts,
            Cut = report.Disconnects,
            VisitorsServed = visitors.Served,
            VisitorsRefused = new Dictionary<string, int>(visitors.Refusals),
            Ended = ended(),
        };
    }

    private static Measurement Quiet(Measurement measurement, Visitors visitors, string when)
    {
        var isServed = measurement.IsComplete && measurement.Latency.Count > 0 && visitors.Refusals.Count == 0;
        return isServed
            ? measurement
            : throw new InvalidDataException(
                $"The honest are not served {when}, so nothing can be said of the attack: {measurement.Refused} posts refused, "
                + $"{measurement.Defects.Missing} danmaku missing, {visitors.Refusals.Values.Sum()} visitors refused. Is the machine busy?");
    }

    private Measurement BesideStandIn()
    {
        var port = Ports.Free(IPAddress.Loopback);
        return With(
            FloodProcess.Start(["flood", "stand-in", "--port", $"{port}"], LogOf("stand-in")),
            _ => Beside([new Uri($"http://127.0.0.1:{port}")], "beside the stand-in", "stand-in").Measurement);
    }

    /// <summary>Measures while attackers are at work.</summary>
    private (Measurement Measurement, int Waiting, AttackCounts Counts) Beside(IReadOnlyList<Uri> urls, string part, string target)
    {
        string[] arguments =
        [
            "flood", "attackers", "--attack", $"{kind}", "--addresses", Number(_size.Addresses), "--room", settings.Crowded, "--own-room", settings.OfAttackers,
            .. kind == AttackKind.None ? [] : new[] { "--count", Number(_size.Total ?? _size.Connections) },
            .. urls.SelectMany(url => new[] { "--url", $"{url}" }),
        ];
        return With(FloodProcess.Start(arguments, LogOf($"attackers-{target}")), attackers =>
        {
            var (measurement, waiting) = (Measure(part), run.Crowd.Waiting);
            GoOn(() => _size.Total is null || attackers.IsThrough || attackers.HasEnded, LongestAttack);
            attackers.Stop();
            Wait(() => attackers.HasEnded, "The attackers do not end");
            return (measurement, waiting, attackers.Counts());
        });
    }

    /// <summary>Does something while a process is there, from when it is ready.</summary>
    private T With<T>(FloodProcess process, Func<FloodProcess, T> use)
    {
        try
        {
            Wait(() => process.IsReady || process.HasEnded, "A process of the attack does not begin");
            return process.HasEnded ? throw new InvalidDataException($"A process of the attack ended: {process.Words}") : use(process);
        }
        finally
        {
            process.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <returns>How long after the attack the first second began in which all was as before; null if none did in time.</returns>
    private TimeSpan? Recover(Measurement before)
    {
        var begin = time.GetTimestamp();
        while (time.GetElapsedTime(begin) is var elapsed && elapsed <= MaxRecovery)
        {
            if (IsBack(Measure("recovering", duration: Second), before))
            {
                return elapsed;
            }
        }

        return null;
    }

    private static bool IsBack(Measurement now, Measurement before) => IsBack(now.Latency, before.Latency) && IsBack(now.AckLatency, before.AckLatency);

    private static bool IsBack(Latency now, Latency before) => now.Count > 0 && now.P99 <= Back * before.P99;

    private Measurement Measure(string part, TimeSpan warmup = default, TimeSpan? duration = null)
    {
        run.Part = $"{kind}, {part}: ";
        return run.Measure(settings.Rate, warmup, duration ?? settings.Duration);
    }

    private void Await(Task task)
    {
        Wait(() => task.IsCompleted, "Visitors do not come to their end");
        task.GetAwaiter().GetResult();
    }

    private void Wait(Func<bool> condition, string failure)
    {
        if (!GoOn(condition, Patience))
        {
            throw new InvalidDataException(failure);
        }
    }

    /// <summary>Waits, and looks after viewers in the meantime.</summary>
    /// <returns>False when the time was over before the condition held.</returns>
    private bool GoOn(Func<bool> condition, TimeSpan patience)
    {
        for (var begin = time.GetTimestamp(); !condition(); run.Crowd.Listen(Look))
        {
            if (time.GetElapsedTime(begin) > patience)
            {
                return false;
            }
        }

        return true;
    }

    private string LogOf(string process) => Path.Combine(folder, $"{process}.log");

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
