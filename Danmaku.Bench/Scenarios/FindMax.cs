using Danmaku.Bench.Report;

namespace Danmaku.Bench.Scenarios;

/// <summary>Looks for the highest rate that servers bear: everything is delivered, and p99 stays below a bound.</summary>
/// <param name="First">Posts per second to begin with; lower ones follow if it is not borne.</param>
/// <param name="Warmup">Before each measurement.</param>
/// <param name="Step">How long one rate is measured.</param>
/// <param name="MaxP99">Milliseconds.</param>
public sealed record FindMax(double First, TimeSpan Warmup, TimeSpan Step, double MaxP99)
{
    private const double Growth = 2;

    /// <summary>Posts per second below which it is no use.</summary>
    private const double Least = 1;

    /// <summary>How often the space between a rate that was borne and one that was not is halved.</summary>
    private const int Halvings = 4;

    /// <summary>A rate that is a little too high is borne for a while: it must not leave more than this behind.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <returns>The best measurement; null when no rate was borne, or the first was so much too high that servers did not recover.</returns>
    public Measurement? Run(LoadRun run)
    {
        Measurement? best = null;
        double? tooHigh = null;
        for (var (rate, halvings) = (First, 0); halvings <= Halvings && rate >= Least;)
        {
            var step = run.Measure(rate, Warmup, Step, Patience);
            if (step.Passes(MaxP99))
            {
                best = step;
            }
            else if (run.Crowd.Settle(Patience + Patience))
            {
                tooHigh = rate;
            }
            else
            {
                break;
            }

            halvings += best is not null && tooHigh is not null ? 1 : 0;
            rate = (best?.Rate, tooHigh) switch
            {
                ({ } borne, { } bound) => (borne + bound) / 2,
                ({ } borne, null) => borne * Growth,
                _ => rate / Growth,
            };
        }

        return best;
    }
}
