using System.Text.Json;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Report;

namespace Danmaku.Bench.Tests.Report;

public class RunReportTests
{
    [Fact]
    public void A_run_in_which_everybody_got_everything_is_clean_and_any_other_is_not()
    {
        Assert.True(Some.Run().IsClean);
        Assert.False(Some.Run(Sequences.None with { Missing = 1 }).IsClean);
        Assert.False(Some.Run(Sequences.None with { Doubled = 1 }).IsClean);
        Assert.False((Some.Run() with { Disconnects = new Dictionary<string, int> { ["1013 too slow"] = 1 } }).IsClean);
        Assert.False((Some.Run() with { Posts = Posts.None }).IsClean);
    }

    [Fact]
    public void A_tool_that_was_busy_nearly_all_the_time_says_so()
    {
        Assert.DoesNotContain(Some.Run().Remarks, remark => remark.Contains("bottleneck", StringComparison.Ordinal));
        Assert.Contains(Some.Run(result: Some.Measurement(50, busy: 0.95)).Remarks, remark => remark.Contains("bottleneck", StringComparison.Ordinal));
    }

    [Fact]
    public void The_json_has_what_a_chart_needs_and_the_markdown_each_rate()
    {
        var report = Some.Run(null, Some.Measurement(100), Some.Measurement(50), Some.Measurement(100), Some.Measurement(200, isComplete: false));

        using var json = JsonDocument.Parse(ReportFiles.Json(report));
        var markdown = ReportFiles.Markdown(report);

        Assert.Equal(500_000, json.RootElement.GetProperty("result").GetProperty("load").GetProperty("deliveriesPerCoreSecond").GetDouble());
        Assert.Equal(3, json.RootElement.GetProperty("steps").GetArrayLength());
        Assert.Contains("2.000 µs per delivery, 500,000 deliveries per core-second", markdown, StringComparison.Ordinal);
        Assert.Contains("| 200 | 200,000 |", markdown, StringComparison.Ordinal);
    }

    [Fact]
    public void Pauses_are_a_line_for_each_server_and_none_where_nobody_asked()
    {
        var report = Some.Run() with { Pauses = [new ServerPauses("edge", new Latency(41, 1.2, 3, 6.3, 7)), new ServerPauses("origin", Latency.None)] };

        var markdown = ReportFiles.Markdown(report);

        Assert.Contains("| pauses of edge | 41, p50 1.2 ms, p99 6.3 ms, max 7.0 ms |", markdown, StringComparison.Ordinal);
        Assert.Contains("| pauses of origin | 0 |", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain("pauses", ReportFiles.Markdown(Some.Run()), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_between_two_samples_is_what_the_servers_and_the_tool_used_in_between()
    {
        static Sample At(double seconds, double idle, long deliveries, double cpu) => new(
            DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(idle), deliveries, deliveries * 150,
            new LoadReading(
                TimeSpan.FromSeconds(seconds / 4), [new ServerReading(1, "edge", TimeSpan.FromSeconds(cpu / 4), TimeSpan.FromSeconds(cpu * 3 / 4), 1, 1)],
                new MachineReading(2, (long)(seconds * 100), (long)(seconds * 200))));

        var load = Load.Between(At(10, 8, 1000, 4), At(20, 12, 3_001_000, 7), Latency.None);

        Assert.Equal(0.6, load.OwnBusy, 3);
        Assert.Equal(0.25, load.OwnCores, 3);
        Assert.Equal(1, load.MicrosPerDelivery, 3);
        Assert.Equal(1_000_000, load.DeliveriesPerCoreSecond!.Value, 3);
        Assert.Equal(0.75, load.Servers[0].KernelShare, 3);
        Assert.Equal(1, load.BusyCores!.Value, 3);
        Assert.Equal(1 - 0.25 - 0.3, load.OtherCores!.Value, 3);
    }

    [Theory]
    [InlineData(105, true)]
    [InlineData(120, false)]
    public void Memory_is_flat_as_long_as_the_last_quarter_is_near_the_second(long late, bool isFlat)
    {
        var steps = Enumerable.Range(0, 12).Select(i => Some.Measurement(50, resident: i < 3 ? 10 : i < 9 ? 100 : late)).ToArray();

        var report = Some.Run() with { Memory = MemoryTrend.Of(steps) };

        Assert.Equal(isFlat, Assert.Single(report.Memory).IsFlat);
        Assert.Equal(isFlat, report.IsClean);
    }

    [Fact]
    public void Under_overload_only_what_nobody_was_told_is_missing()
    {
        var told = Some.Run(Sequences.None with { Missing = 7, Announced = 7 });
        var untold = Some.Run(Sequences.None with { Missing = 8, Announced = 7 });

        Assert.False(told.IsClean);
        Assert.True((told with { MaySkip = true }).IsClean);
        Assert.False((untold with { MaySkip = true }).IsClean);
    }
}
