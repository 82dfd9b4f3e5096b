using Danmaku.Bench.Report;
using Danmaku.Bench.Scenarios;
using Spectre.Console;

namespace Danmaku.Bench.Compare;

/// <param name="Rates">Posts per second at which every peer is measured; the first also serves to warm it up.</param>
/// <param name="FirstOfMax">Where looking for the maximum begins, in posts per second.</param>
/// <param name="StepOfMax">How long a rate is measured there.</param>
public sealed record ComparisonSettings(
    IReadOnlyList<Peer> Peers,
    int Viewers,
    int Posters,
    int Bytes,
    IReadOnlyList<double> Rates,
    TimeSpan Warmup,
    TimeSpan Duration,
    double FirstOfMax,
    TimeSpan StepOfMax,
    int Runs,
    PeerPlace Place);

/// <summary>The same fan-out against one server after the other, each alone on a core.</summary>
public sealed class Comparison(ComparisonSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    private const double MaxP99 = 250;
    private const int ConnectRate = 500;
    private const int SampleOneIn = 20;

    /// <summary>How long a server may take to deliver what it has taken in before it counts as not having borne it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<IReadOnlyList<PeerRun>> RunAsync()
    {
        var runs = new List<PeerRun>();
        for (var i = 0; i < settings.Runs; i++)
        {
            foreach (var peer in settings.Peers)
            {
                var run = await RunAsync(peer);
                runs.Add(run);
                console.MarkupLineInterpolated($"{peer.Name}, run {i + 1} of {settings.Runs}: {ComparisonFigures.Line(run)}");
            }
        }

        return runs;
    }

    /// <summary>A server that did not bear a rate is started anew for the next one, so that none suffers from what came before.</summary>
    private async Task<PeerRun> RunAsync(Peer peer)
    {
        var rates = new Queue<double?>([.. settings.Rates.Select(rate => (double?)rate), null]);
        var measured = new List<Measurement>();
        Measurement? best = null;
        try
        {
            while (rates.Count > 0)
            {
                await using var running = await peer.StartAsync(settings.Place);
                await LoadRun.StartAsync(() =>
                {
                    Measure(peer, running, rates, measured, ref best);
                    return true;
                });
            }

            return new PeerRun(peer.Name, peer.About, measured, best, WhyNot: null);
        }
        catch (InvalidDataException reason)
        {
            return new PeerRun(peer.Name, peer.About, measured, best, reason.Message.Trim());
        }
    }

    private void Measure(Peer peer, RunningPeer running, Queue<double?> rates, List<Measurement> measured, ref Measurement? best)
    {
        var load = new LoadSettings(
            [running.Url], peer.Kind, "compare", Rooms: 1, settings.Viewers, peer.Format, settings.Posters, TextKind.Fixed,
            settings.Bytes, ConnectRate,
            SampleOneIn, [], running.Servers, IsSpinning: false);
        using var run = new LoadRun("compare", load, TimeProvider.System, cancellation);
        run.Join();
        run.Crowd.Post(settings.Rates[0], settings.Warmup);
        while (rates.TryDequeue(out var rate))
        {
            if (rate is null)
            {
                best = new FindMax(settings.FirstOfMax, settings.Warmup / 3, settings.StepOfMax, MaxP99).Run(run);
                return;
            }

            var step = run.Measure(rate.Value, settings.Warmup / 3, settings.Duration, Patience);
            measured.Add(step);
            console.MarkupLineInterpolated($"[grey]{peer.Name} at {rate:0.##}/s: p99 {step.Latency.P99:0.0} ms[/]");
            if (!step.IsComplete)
            {
                return;
            }
        }
    }
}

/// <summary>What was measured of a peer.</summary>
/// <param name="Rates">In the order of the settings.</param>
/// <param name="Best">The highest rate that it bore; null when there was none.</param>
/// <param name="WhyNot">Why there is no more; null when there is all.</param>
public sealed record PeerRun(string Peer, string About, IReadOnlyList<Measurement> Rates, Measurement? Best, string? WhyNot);
