using System.Text.Json;
using Danmaku.Bench.Flood;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Report;

namespace Danmaku.Bench.Tests.Report;

public class FloodReportTests
{
    private static readonly FloodResult Unfelt = new(AttackKind.Posts, AttackSize.Of(AttackKind.Posts), At(p99: 20, ack: 5), At(p99: 20, ack: 10))
    {
        During = At(p99: 60, ack: 30),
        After = At(p99: 20, ack: 5),
        Recovery = TimeSpan.FromSeconds(1.2),
        Attackers = new AttackCounts(300, 0, 0, 0, 0, 1_234_567, TimeSpan.FromSeconds(10), 0.5),
        Posts = Posts.None with { Sent = 1, Acked = 1 },
    };

    public static TheoryData<FloodResult, string> Felt => new()
    {
        { Unfelt with { Sequences = Sequences.None with { Missing = 3 } }, "3 missing" },
        { Unfelt with { Sequences = Sequences.None with { Doubled = 1 } }, "1 doubled" },
        { Unfelt with { Sequences = Sequences.None with { Reordered = 1 } }, "1 reordered" },
        { Unfelt with { Cut = new Dictionary<string, int> { ["4002 malformed message"] = 2 } }, "2 viewers cut off: 4002 malformed message" },
        { Unfelt with { Posts = Unfelt.Posts with { Rejected = new Dictionary<string, long> { ["room_busy"] = 9 } } }, "9 posts refused: room_busy" },
        { Unfelt with { VisitorsRefused = new Dictionary<string, int> { ["503 room_limit"] = 4 } }, "4 visitors refused: 503 room_limit" },
        { Unfelt with { Posts = Unfelt.Posts with { Unanswered = 1 } }, "1 posts unanswered" },
        { Unfelt with { Waiting = 5 }, "5 viewers not let in until the attack ended" },
        { Unfelt with { Recovery = null }, "p99 not back 10 s after the attack" },
        { Unfelt with { During = At(p99: 60, ack: 31) }, "p99 of acknowledgements 3.1 times what the machine costs" },
        { Unfelt with { During = At(p99: 64, ack: 30) }, "p99 of deliveries 3.2 times what the machine costs" },
        { Unfelt with { During = At(p99: 60, ack: 30) with { IsSettled = false } }, "not settled 10 s after the last post beside the attack" },
        { Unfelt with { Ended = ["node ended with 134"] }, "node ended with 134" },
        { Unfelt with { During = null, Recovery = null, Broken = "ConnectionRefused" }, "ConnectionRefused" },
    };

    [Fact]
    public void Three_times_what_the_machine_costs_is_borne()
    {
        Assert.Equal(3, Unfelt.AckRatio);
        Assert.Equal(3, Unfelt.DeliveryRatio);
        Assert.Empty(Unfelt.Faults(maxRatio: 3));
        Assert.Equal(ExitCode.Clean, Report(Unfelt).ExitCode);
    }

    [Theory]
    [MemberData(nameof(Felt))]
    public void What_honest_viewers_felt_is_reported_and_changes_the_exit_code(FloodResult result, string fault)
    {
        Assert.Equal([fault], result.Faults(maxRatio: 3));
        Assert.Equal(ExitCode.NotClean, Report(Unfelt, result).ExitCode);
        Assert.Contains(fault, FloodFigures.Markdown(Report(result)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unmeasured_attack_is_no_success_and_does_not_hide_a_felt_one()
    {
        var unmeasured = new FloodResult(AttackKind.Idle, AttackSize.Of(AttackKind.Idle), null, null) { WhyNot = "the node does not start" };

        Assert.Equal(ExitCode.NothingMeasured, Report(Unfelt, unmeasured).ExitCode);
        Assert.Equal(ExitCode.NotClean, Report(Unfelt with { Recovery = null }, unmeasured).ExitCode);
        Assert.Contains("not measured: the node does not start", FloodFigures.Markdown(Report(unmeasured)), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_was_acknowledged_there_is_no_ratio()
    {
        var silent = Unfelt with { During = At(p99: 60, ack: 30) with { AckLatency = Latency.None, Latency = Latency.None } };

        Assert.Null(silent.AckRatio);
        Assert.Equal(["no post was acknowledged beside the attack"], silent.Faults(maxRatio: 3));
    }

    [Fact]
    public void The_table_has_a_row_for_each_attack_and_the_json_its_ratios()
    {
        using var json = JsonDocument.Parse(ReportFiles.Json(Report(Unfelt)));
        var markdown = FloodFigures.Markdown(Report(Unfelt));

        Assert.Equal(3, json.RootElement.GetProperty("attacks")[0].GetProperty("ackRatio").GetDouble());
        Assert.Contains("| posts | 300 connections of 1 address in 10 s, 1,234,567 messages, 0.50 cores |", markdown, StringComparison.Ordinal);
        Assert.Contains("| 3.0, 3.0 |", markdown, StringComparison.Ordinal);
        Assert.Contains("| 1.2 s |", markdown, StringComparison.Ordinal);
        Assert.Contains("| felt nothing |", markdown, StringComparison.Ordinal);
    }

    private static FloodReport Report(params FloodResult[] attacks) => new(
        Some.Machine, new FloodSettings(Some.Settings, 40, TimeSpan.Zero, TimeSpan.FromSeconds(10), MaxRatio: 3, null, null), attacks);

    private static Measurement At(double p99, double ack) =>
        Some.Measurement(40) with { Latency = new Latency(400, 1, 2, p99, 100), AckLatency = new Latency(400, 1, 2, ack, 100) };
}
