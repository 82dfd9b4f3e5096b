using System.CommandLine;
using Danmaku.Bench.Report;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>The options of scenarios that measure one rate, or look for the highest.</summary>
public static class FindMaxOptions
{
    /// <summary>What people in a live room still take for now.</summary>
    private static readonly TimeSpan DefaultMaxP99 = TimeSpan.FromMilliseconds(250);

    public static readonly Option<bool> FindMaximum = new("--find-max")
    {
        Description = "Begins with --rate, raises it until something is missing or p99 is too high, and reports the best. Each rate lasts --duration.",
    };

    public static readonly Option<TimeSpan> MaxP99 = Time("--max-p99", "With --find-max: p99 from which on a rate is too high.", DefaultMaxP99);

    public static RunReport Measure(LoadRun run, ParseResult line)
    {
        var rate = line.GetValue(LoadOptions.Rate);
        var (warmup, duration) = (line.GetValue(LoadOptions.Warmup), line.GetValue(LoadOptions.Duration));
        if (!line.GetValue(FindMaximum))
        {
            return run.Finish(run.Measure(rate, warmup, duration));
        }

        var best = new FindMax(rate, warmup, duration, line.GetValue(MaxP99).TotalMilliseconds).Run(run);
        return best is null
            ? throw new InvalidDataException(FormattableString.Invariant($"No rate from {rate:0.##} posts/s down was borne: begin with a lower --rate."))
            : run.Finish(best);
    }
}
