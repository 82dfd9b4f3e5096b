using Danmaku.Bench.Measure;
using Danmaku.Bench.Report;

namespace Danmaku.Bench.Scenarios;

/// <summary>One room, many viewers, a few of whom post at a given rate: what a popular stream does to its edges.</summary>
public sealed class Fanout : IDisposable
{
    /// <summary>Longest wait, after the last post, for its answer and for the slowest viewer.</summary>
    private static readonly TimeSpan SettleTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long we listen on when all have everything, for what should not come.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);

    private readonly FanoutSettings _settings;
    private readonly RunClock _clock;
    private readonly PostBook _book;
    private readonly Crowd _crowd;
    private readonly LoadMeter _load;
    private readonly LatencyRecorder _slip = new();
    private readonly LatencyRecorder _warmupSlip = new();
    private string _phase = "joining";

    public Fanout(FanoutSettings settings, TimeProvider time)
    {
        _settings = settings;
        _clock = new RunClock(time);
        _book = new PostBook(settings.WarmupPosts + settings.MeasuredPosts, settings.WarmupPosts);
        _crowd = new Crowd(settings, _clock, new PostTexts(settings.Bytes), _book);
        _load = new LoadMeter(settings.ServerPids);
    }

    /// <summary>Where the run is. Safe to call at any time.</summary>
    public RunProgress Progress => new(
        _phase, TimeSpan.FromMicroseconds(_clock.Micros), _crowd.Joined, _book.Summary(), _crowd.Deliveries, Latency(), _crowd.Check());

    /// <exception cref="InvalidDataException">There was nothing to measure; the message says why.</exception>
    public async Task<FanoutReport> RunAsync(CancellationToken cancellation)
    {
        var before = Sample();
        await _crowd.JoinAsync(cancellation);
        var joined = Sample();

        _phase = "warming up";
        var posting = new Posting(_crowd.Posters, _settings.Rate, _clock);
        await posting.RunAsync(0, _settings.WarmupPosts, _warmupSlip, cancellation);

        _phase = "measuring";
        var begin = Sample();
        await posting.RunAsync(_settings.WarmupPosts, _settings.WarmupPosts + _settings.MeasuredPosts, _slip, cancellation);
        var end = Sample();

        _phase = "settling";
        await SettleAsync(cancellation);
        var disconnects = _crowd.Disconnects();
        await _crowd.CloseAsync();

        return new FanoutReport(
            Machine.ThisOne(_clock.Time),
            _settings,
            joined.Elapsed - before.Elapsed,
            _book.Summary(),
            Flow.Between(begin, end),
            Latency(),
            _book.AckLatency.Summary(),
            [.. _crowd.Edges.Select(edge => new EdgeReport(edge.Url, edge.Viewers.Count, edge.Latency.Summary()))],
            _crowd.Check(),
            disconnects,
            Load.Between(begin, end, _slip.Summary()));
    }

    public void Dispose() => _crowd.Dispose();

    private async Task SettleAsync(CancellationToken cancellation)
    {
        var start = _clock.Time.GetTimestamp();
        while (!IsSettled && _clock.Time.GetElapsedTime(start) < SettleTimeout)
        {
            await Task.Delay(PollEvery, _clock.Time, cancellation);
        }

        await Task.Delay(Aftermath, _clock.Time, cancellation);
    }

    private bool IsSettled => _book.Summary().Unanswered == 0 && _crowd.HasEverything();

    private Latency Latency()
    {
        var all = new LatencyRecorder();
        foreach (var edge in _crowd.Edges)
        {
            all.Add(edge.Latency);
        }

        return all.Summary();
    }

    private Sample Sample() => new(TimeSpan.FromMicroseconds(_clock.Micros), _crowd.Deliveries, _crowd.ReceivedBytes, _load.Read());
}

/// <summary>What is shown while a run goes on.</summary>
public sealed record RunProgress(string Phase, TimeSpan Elapsed, int Joined, Posts Posts, long Deliveries, Latency Latency, Sequences Sequences);
