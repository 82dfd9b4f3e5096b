using Danmaku.Chaos.Checks;
using Danmaku.Chaos.Faults;
using Danmaku.Chaos.Viewers;
using Danmaku.Core.Rooms;

namespace Danmaku.Chaos;

/// <summary>What one fault did.</summary>
/// <param name="Target">What was hit.</param>
/// <param name="Healed">From its beginning until all was whole again; null when it was not in time.</param>
/// <param name="Outage">The longest time without an acknowledgement in any room.</param>
/// <param name="Wait">The longest time that a connected viewer went without a danmaku.</param>
public sealed record FaultResult(Fault Fault, string Target, TimeSpan? Healed, TimeSpan Outage, TimeSpan Wait);

/// <summary>A cluster that is broken on a schedule while viewers watch and posters post.</summary>
public sealed class ChaosRun : IDisposable
{
    private const int CheckBytes = 40;

    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan GatherPatience = TimeSpan.FromSeconds(60);

    /// <summary>What comes again or too late comes in this time.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(2);

    private readonly ChaosSettings _settings;
    private readonly ChaosStage _stage;
    private readonly Action<string> _tell;
    private readonly TimeProvider _time;
    private readonly OutageMeter<RoomId> _acks;
    private readonly Place _place;
    private readonly HttpPoster _http;
    private readonly ChaosCrowd _crowd;
    private readonly FaultInjector _injector;
    private readonly List<FaultResult> _results = [];

    /// <param name="tell">Gets a line for each thing that happens.</param>
    public ChaosRun(ChaosSettings settings, ChaosStage stage, Action<string> tell, TimeProvider time)
    {
        (_settings, _stage, _tell, _time) = (settings, stage, tell, time);
        Rooms = [.. Enumerable.Range(1, settings.Rooms).Select(i => RoomId.Parse($"chaos-{i}"))];
        _acks = new OutageMeter<RoomId>(time);
        Ledger = new PostLedger(_acks.Heard);
        Texts = new PostTexts(1000);
        _place = new Place(
            [.. stage.Cluster.Edges.Select(edge => edge.Url)], Texts, Ledger, new OutageMeter<int>(time), tell, new RunClock(time));
        _http = new HttpPoster([.. stage.Cluster.Edges.Select(edge => edge.Http)], _place, new Random(settings.Seed));
        _crowd = new ChaosCrowd(settings.Viewers, Rooms, settings.Rate, _place, _http, settings.Seed);
        _injector = new FaultInjector(stage, _crowd, time);
    }

    public IReadOnlyList<RoomId> Rooms { get; }

    public PostTexts Texts { get; }

    public PostLedger Ledger { get; }

    public IReadOnlyList<ChaosViewer> Viewers => _crowd.Viewers;

    public IReadOnlyList<FaultResult> Results => _results;

    /// <summary>What did not happen in time; null when all did.</summary>
    public string? Failure { get; private set; }

    /// <summary>Lets everybody in, breaks what the schedule says, and waits until everybody has everything.</summary>
    /// <param name="onResult">Called after each fault.</param>
    public async Task RunAsync(IEnumerable<Fault> schedule, Action<FaultResult> onResult, CancellationToken cancellation)
    {
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var posting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var viewers = Task.WhenAll(Viewers.Select(viewer => viewer.RunAsync(watching.Token)));
        var posters = Task.WhenAll(UntilAsync(_crowd.PostAsync(posting.Token)), UntilAsync(_crowd.MisbehaveAsync(posting.Token)));
        try
        {
            if (await WithinAsync(GatherPatience, () => _crowd.IsTogether, cancellation))
            {
                await BreakAsync(schedule, onResult, cancellation);
            }
            else
            {
                Fail("Not all viewers were let in.");
            }

            await posting.CancelAsync();
            await posters;
            await GatherAsync(cancellation);
        }
        finally
        {
            await posting.CancelAsync();
            await watching.CancelAsync();
            await _http.EndAsync();
            await Task.WhenAll(viewers, posters);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task BreakAsync(IEnumerable<Fault> schedule, Action<FaultResult> onResult, CancellationToken cancellation)
    {
        var start = _time.GetTimestamp();
        foreach (var fault in schedule)
        {
            await Task.Delay(fault.Calm, _time, cancellation);
            if (!_settings.IsShort && _time.GetElapsedTime(start) > _settings.Duration)
            {
                return;
            }

            var result = await BreakAsync(fault, cancellation);
            _results.Add(result);
            onResult(result);
            if (result.Healed is null)
            {
                return;
            }
        }
    }

    private async Task<FaultResult> BreakAsync(Fault fault, CancellationToken cancellation)
    {
        _acks.Take();
        _place.Waits.Take();
        var start = _time.GetTimestamp();
        _tell($"--- {fault.Kind.Name()}");
        var target = await _injector.InjectAsync(fault, cancellation);
        _tell($"--- {fault.Kind.Name()} hit {target}");
        TimeSpan? healed = await HealAsync(fault, cancellation) ? _time.GetElapsedTime(start) : null;
        return new FaultResult(fault, target, healed, _acks.Take(), _place.Waits.Take());
    }

    /// <summary>Waits until all nodes are ready and posting works in every room through every edge.</summary>
    private async Task<bool> HealAsync(Fault fault, CancellationToken cancellation)
    {
        string? reason = null;
        await Task.Delay(PollEvery, _time, cancellation);
        var isWhole = await Eventually.WithinAsync(
            _settings.SettleLimit, PollEvery,
            async () => (reason = await _stage.Cluster.WhyNotReadyAsync(cancellation) ?? await WhyNoPostingAsync()) is null, _time, cancellation);
        if (isWhole)
        {
            return true;
        }

        Fail($"{_settings.SettleLimit.TotalSeconds:0} s after {fault.Kind.Name()}: {reason}.");
        return false;
    }

    private async Task<string?> WhyNoPostingAsync()
    {
        var tries = Rooms.SelectMany(_ => _stage.Cluster.Edges, (room, edge) => (Room: room, Edge: edge)).ToArray();
        var edges = _stage.Cluster.Edges;
        var works = await Task.WhenAll(tries.Select(each => _http.PostAsync(each.Room, edges.ToList().IndexOf(each.Edge), CheckBytes)));
        var failed = Array.IndexOf(works, false);
        return failed < 0 ? null : $"posting in {tries[failed].Room} through {tries[failed].Edge.Name} fails";
    }

    /// <summary>Waits until every post is answered and every viewer has everything.</summary>
    private async Task GatherAsync(CancellationToken cancellation)
    {
        _tell("--- the end: everybody is to have everything");
        if (!await WithinAsync(GatherPatience, () => _crowd.IsUpToDate && Ledger.Count().Unsettled == 0, cancellation))
        {
            var late = Viewers.Count(viewer => !viewer.IsConnected || viewer.Last < Ledger.Top(viewer.Room));
            Fail(FormattableString.Invariant($"At the end {late} viewers did not have everything and {Ledger.Count().Unsettled} posts had no answer."));
        }

        await Task.Delay(Aftermath, _time, cancellation);
    }

    private Task<bool> WithinAsync(TimeSpan patience, Func<bool> condition, CancellationToken cancellation) =>
        Eventually.WithinAsync(patience, PollEvery, () => Task.FromResult(condition()), _time, cancellation);

    private void Fail(string reason)
    {
        Failure ??= reason;
        _tell(reason);
    }

    private static async Task UntilAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // As it is meant to end.
        }
    }
}
