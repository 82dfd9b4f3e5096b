using Danmaku.Bench.Engine;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Report;

namespace Danmaku.Bench.Scenarios;

/// <summary>Viewers that join, posts at one rate or at several, and what came of it. Runs on one thread, which it does not share.</summary>
public sealed class LoadRun : IDisposable
{
    /// <summary>Longest wait, after the last post, for its answer and for the slowest viewer.</summary>
    private static readonly TimeSpan SettleTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long we listen on when all have everything, for what should not come.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromMilliseconds(500);

    /// <summary>Into so many parts a soak is divided.</summary>
    private const int SoakParts = 40;

    /// <summary>
    /// Of the rate, for how much of a warm-up. What has just started compiles while it works: all at once would leave a backlog that is measured later.
    /// </summary>
    private static readonly (double Rate, double Time)[] Ramp = [(0.25, 0.25), (0.5, 0.25), (1, 0.5)];

    private static readonly TimeSpan ShowEvery = TimeSpan.FromMilliseconds(250);

    private readonly LoadSettings _settings;
    private readonly string _scenario;
    private readonly RunClock _clock;
    private readonly LoadMeter _meter;
    private readonly List<Measurement> _steps = [];
    private TimeSpan _joining;
    private Sequences _settled = Sequences.None;
    private long _rejected;
    private string _phase = "joining";
    private volatile RunProgress _progress = RunProgress.None;

    /// <param name="scenario">Its name, for the report.</param>
    /// <param name="poller">Null for the best that the system has.</param>
    public LoadRun(string scenario, LoadSettings settings, TimeProvider time, CancellationToken cancellation, IPoller? poller = null)
    {
        (_scenario, _settings, _clock, _meter) = (scenario, settings, new RunClock(time), new LoadMeter(settings.Servers));
        Crowd = new Crowd(settings, _clock, poller ?? Pollers.Create(), Watch, cancellation);
    }

    /// <summary>Stands before what <see cref="Progress"/> calls the phase.</summary>
    public string Part { get; set; } = "";

    /// <summary>Where the run is. Safe to call from any thread.</summary>
    public RunProgress Progress => _progress;

    public Crowd Crowd { get; }

    /// <summary>Runs it on a thread of its own.</summary>
    /// <exception cref="InvalidDataException">There was nothing to measure; the message says why.</exception>
    public static Task<T> StartAsync<T>(Func<T> run) => Task.Factory.StartNew(
        run, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    /// <summary>Lets all viewers join.</summary>
    public void Join()
    {
        _meter.Read();
        var start = _clock.Micros;
        Crowd.Join();
        _joining = TimeSpan.FromMicroseconds(_clock.Micros - start);
    }

    /// <summary>Lets all viewers join and holds them: all that idle and storm do.</summary>
    /// <param name="isRetrying">Who is refused tries again.</param>
    public ConnectReport Hold(bool isRetrying, TimeSpan duration)
    {
        var (before, begin, start, idle) = (_meter.Read(), _clock.Time.GetUtcNow(), _clock.Micros, Crowd.Loop.IdleMicros);
        Crowd.Join(isRetrying);
        var (joined, joining) = (_meter.Read(), TimeSpan.FromMicroseconds(_clock.Micros - start));
        var busy = 1 - (TimeSpan.FromMicroseconds(Crowd.Loop.IdleMicros - idle) / joining);
        _phase = "holding";
        Crowd.Listen(duration);
        var (after, disconnects) = (_meter.Read(), Crowd.Disconnects());
        Crowd.Leave();
        return new ConnectReport(
            Machine.ThisOne(_clock.Time), _scenario, _settings, begin, joining, Crowd.JoinLatency.Summary(), Crowd.Refusals, duration, before, joined,
            after, disconnects, Math.Max(0, busy));
    }

    /// <summary>Posts at this rate: first as a warm-up that begins slowly, then to measure, and then waits until everybody has everything.</summary>
    public Measurement Measure(double rate, TimeSpan warmup, TimeSpan duration, TimeSpan? patience = null)
    {
        _phase = FormattableString.Invariant($"warming up at {rate:0.##}/s");
        WarmUp(rate, warmup);

        _phase = FormattableString.Invariant($"measuring at {rate:0.##}/s");
        Crowd.BeginMeasuring();
        var begin = TakeSample();
        Crowd.Post(rate, duration);
        var end = TakeSample();
        Crowd.EndMeasuring();

        _phase = "settling";
        var isSettled = Crowd.Settle(patience ?? SettleTimeout);
        return Add(rate, begin, end, isSettled);
    }

    /// <summary>Posts at this rate for long, and measures parts of it.</summary>
    /// <param name="churn">Viewers that leave and others that come in their place, per second.</param>
    /// <returns>All of it.</returns>
    public Measurement Soak(double rate, TimeSpan warmup, TimeSpan duration, double churn)
    {
        _phase = "warming up";
        Crowd.ChurnRate = churn;
        WarmUp(rate, warmup);
        _phase = "soaking";
        var (latency, ack) = (new LatencyRecorder(), new LatencyRecorder());
        var (begin, part) = (TakeSample(), TimeSpan.FromSeconds(Math.Max(1, duration.TotalSeconds / SoakParts)));
        var (last, slip) = (begin, Latency.None);
        for (var done = TimeSpan.Zero; done < duration; done += part)
        {
            Crowd.BeginMeasuring();
            Crowd.Post(rate, part);
            (var before, last) = (last, TakeSample());
            Crowd.AddLatenciesTo(latency, ack);
            Add(rate, before, last, isSettled: true);
            slip = Crowd.Slip.Summary() is { } now && now.P99 > slip.P99 ? now : slip;
        }

        Crowd.ChurnRate = 0;
        Crowd.EndMeasuring();
        _phase = "settling";
        var isSettled = Crowd.Settle(SettleTimeout);
        return new Measurement(
            rate, Flow.Between(begin, last), latency.Summary(), ack.Summary(), Load.Between(begin, last, slip),
            _steps.Sum(step => step.Refused), _settled, isSettled && Crowd.Disconnects().Count == 0);
    }

    /// <summary>The report is to be about what comes now.</summary>
    public void ForgetSteps() => _steps.Clear();

    /// <summary>Lets all leave, and says what was found.</summary>
    /// <param name="maySkip">More was asked for than servers bear.</param>
    public RunReport Finish(Measurement result, bool maySkip = false)
    {
        _phase = "leaving";
        Crowd.Listen(Aftermath);
        var disconnects = Crowd.Disconnects();
        var sequences = Crowd.Check(isOver: true);
        Crowd.Leave();
        return new RunReport(
            Machine.ThisOne(_clock.Time),
            _scenario,
            _settings,
            _joining,
            result,
            _steps.Count > 1 ? _steps : [],
            Crowd.Posts,
            [.. Crowd.Edges.Select(edge => new EdgeReport(edge.Url, edge.Viewers, edge.Latency.Summary()))],
            sequences,
            disconnects,
            maySkip ? [] : MemoryTrend.Of(_steps),
            Crowd.Compression,
            maySkip);
    }

    public void Dispose() => Crowd.Dispose();

    private void WarmUp(double rate, TimeSpan warmup)
    {
        foreach (var (share, time) in warmup > TimeSpan.Zero ? Ramp : [])
        {
            Crowd.Post(share * rate, time * warmup);
        }
    }

    private Measurement Add(double rate, Sample begin, Sample end, bool isSettled)
    {
        var (settled, rejected) = (Crowd.Check(isOver: false) with { Foreign = 0, Unplaced = 0 }, Crowd.Posts.Rejected.Values.Sum());
        var step = new Measurement(
            rate, Flow.Between(begin, end), Crowd.Latency, Crowd.AckLatency, Load.Between(begin, end, Crowd.Slip.Summary()),
            rejected - _rejected, settled.Since(_settled), isSettled && Crowd.Disconnects().Count == 0);
        (_settled, _rejected) = (settled, rejected);
        _steps.Add(step);
        return step;
    }

    private Sample TakeSample() => new(
        _clock.Time.GetUtcNow(), TimeSpan.FromMicroseconds(_clock.Micros), TimeSpan.FromMicroseconds(Crowd.Loop.IdleMicros), Crowd.Deliveries,
        Crowd.Loop.ReceivedBytes, _meter.Read());

    private void Watch()
    {
        var elapsed = TimeSpan.FromMicroseconds(_clock.Micros);
        if (elapsed - _progress.Elapsed > ShowEvery)
        {
            _progress = new RunProgress(
                Part + _phase, elapsed, Crowd.Joined, Crowd.Posts, Crowd.Deliveries, Crowd.Latency, Crowd.Check(isOver: false));
        }
    }
}

/// <summary>What is shown while a run goes on.</summary>
public sealed record RunProgress(string Phase, TimeSpan Elapsed, int Joined, Posts Posts, long Deliveries, Latency Latency, Sequences Sequences)
{
    public static readonly RunProgress None = new("joining", TimeSpan.Zero, 0, Posts.None, 0, Latency.None, Sequences.None);
}
