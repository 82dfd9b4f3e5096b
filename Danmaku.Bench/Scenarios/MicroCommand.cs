using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Danmaku.Bench.Scenarios;

/// <summary>Micro-benchmarks of the core: codec, frames, room and merge.</summary>
public static class MicroCommand
{
    private static readonly Option<string> Filter = new("--filter")
    {
        Description = "Runs only benchmarks whose names match, such as *Frame*.",
        DefaultValueFactory = _ => "*",
    };

    private static readonly Option<bool> Brief = new("--brief") { Description = "Runs each benchmark once, to see that it works." };

    public static Command Create()
    {
        var command = new Command("micro", "Measures with BenchmarkDotNet what one post, one batch and one frame cost the core.") { Filter, Brief };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult line)
    {
        // In this process: what is built for it would need the SDK and a build of the whole solution.
        var job = (line.GetValue(Brief) ? Job.Dry : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance);
        var config = DefaultConfig.Instance.AddJob(job).AddFilter(new GlobFilter([line.GetValue(Filter)!]));
        var summaries = BenchmarkRunner.Run(typeof(MicroCommand).Assembly, config);
        return Array.Exists(summaries, summary => summary.Reports.Length > 0 && !summary.HasCriticalValidationErrors)
            ? ExitCode.Clean
            : ExitCode.NothingMeasured;
    }
}
