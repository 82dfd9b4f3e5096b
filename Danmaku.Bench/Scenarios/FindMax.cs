using Danmaku.Bench.Report;

namespace Danmaku.Bench.Scenarios;

/// <summary>Looks for the highest rate that servers bear: everything is delivered, and p99 stays below a bound.</summary>
/// <param name="First">Posts per second to begin with.</param>
/// <param name="Warmup">Before each measurement.</param>
/// <param name="Step">How long one rate is measured.</param>
/// <param name="MaxP99">Milliseconds.</param>
public sealed record FindMax(double First, TimeSpan Warmup, TimeSpan Step, double MaxP99)
{
    private const double Growth = 2;

    /// <summary>How often the space between a rate that was borne and one that was not is halved.</summary>
    private const int Halvings = 4;

    /// <summary>A rate that is a little too high is borne for a while: it must not leave more than this behind.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <returns>The best measurement; null when not even the first rate was borne.</returns>
    public Measurement? Run(LoadRun run)
    {
        Measurement? best = null;
        double? tooHigh = null;
        var rate = First;
        for (var halvings = 0; halvings <= Halvings;)
        {
            var step = run.Measure(rate, Warmup, Step, Patience);
            if (step.Passes(MaxP99))
            {
                best = step;
            }
            else if (best is null || !run.Crowd.Settle(Patience + Patience))
            {
                break;
            }
            else
            {
                tooHigh = rate;
            }

            rate = tooHigh is { } bound ? (best.Rate + bound) / 2 : rate * Growth;
            halvings += tooHigh is null ? 0 : 1;
        }

        return best;
    }
}
