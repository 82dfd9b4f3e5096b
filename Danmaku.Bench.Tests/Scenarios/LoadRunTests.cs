using Danmaku.Bench.Engine;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Report;
using Danmaku.Bench.Scenarios;
using Danmaku.Bench.Targets;

namespace Danmaku.Bench.Tests.Scenarios;

/// <summary>Short runs against real servers.</summary>
[Trait("Category", "process")]
public sealed class LoadRunTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    /// <summary>At 100/s for <see cref="Moment"/>, and in a warm-up as long: a quarter of it at 25/s, a quarter at 50/s, and the rest.</summary>
    private const int PostsOf100 = 30 + 1 + 3 + 15;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData(ViewerFormat.Json, TextKind.Fixed)]
    [InlineData(ViewerFormat.Deflate, TextKind.Corpus)]
    [InlineData(ViewerFormat.Plain, TextKind.Corpus)]
    public async Task Viewers_of_a_node_get_everything_once_and_in_order(ViewerFormat format, TextKind texts)
    {
        var report = await RunAsync(
            Settings($"fanout-{format}".ToLowerInvariant()) with { Format = format, Texts = texts }, run => run.Finish(run.Measure(100, Moment, Moment)));

        Assert.True(report.IsClean, ReportFiles.Json(report));
        Assert.Equal(PostsOf100, report.Posts.Acked);
        Assert.True(report.Result.IsComplete);
        Assert.Equal(30 * 10, report.Result.Latency.Count);
    }

    [Fact]
    public async Task Several_rooms_do_not_hear_each_other()
    {
        var report = await RunAsync(
            Settings("rooms") with { Rooms = 5, Viewers = 4, Posters = 4 }, run => run.Finish(run.Measure(100, Moment, Moment)));

        Assert.True(report.IsClean, ReportFiles.Json(report));
        Assert.Equal(0, report.Sequences.Foreign);
    }

    [Fact]
    public async Task The_most_that_is_borne_is_the_best_of_all_steps_that_were()
    {
        var report = await RunAsync(
            Settings("max"), run => run.Finish(new FindMax(1, Moment, Moment, MaxP99: 0.001).Run(run) ?? run.Measure(50, Moment, Moment)));
        var lenient = await RunAsync(Settings("max-2"), run =>
        {
            var best = new FindMax(2000, Moment, Moment, MaxP99: 10_000).Run(run);
            Assert.NotNull(best);
            return run.Finish(best);
        });

        Assert.Equal(50, report.Result.Rate);
        Assert.True(lenient.Result.Rate >= 2000);
        Assert.Equal(lenient.Steps.Where(step => step.Passes(10_000)).Max(step => step.Rate), lenient.Result.Rate);
    }

    [Fact]
    public async Task While_viewers_come_and_go_nothing_is_missing()
    {
        var report = await RunAsync(
            Settings("soak") with { Viewers = 30 }, run => run.Finish(run.Soak(50, Moment, TimeSpan.FromSeconds(2), churn: 40)));

        Assert.True(report.IsClean, ReportFiles.Json(report));
        Assert.Equal(2, report.Steps.Count);
    }

    [Fact]
    public async Task In_a_storm_all_get_in_though_some_are_refused_at_first()
    {
        var settings = Settings("storm") with { Viewers = NodeFixture.ConnectsPerSecond * 3 / 2, Posters = 0, ConnectRate = 0 };

        var report = await RunAsync(settings, run => run.Hold(isRetrying: true, Moment));

        Assert.True(report.IsClean);
        Assert.Contains(report.Refusals, refusal => refusal.Key.Contains("503", StringComparison.Ordinal) && refusal.Value > 0);
        Assert.Equal(settings.Viewers, report.JoinLatency.Count);
        Assert.True(Assert.Single(report.Servers).ConnectMicros > 0);
    }

    [Fact]
    public async Task An_unreachable_server_is_one_line()
    {
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() =>
            RunAsync(Settings("gone") with { Urls = [new Uri("http://127.0.0.1:1")] }, run => run.Finish(run.Measure(10, Moment, Moment))));

        Assert.Contains("127.0.0.1:1", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kestrel", ServerKind.Relay)]
    [InlineData("signalr", ServerKind.SignalR)]
    public async Task Servers_for_comparison_pass_the_same_checks(string kind, ServerKind server)
    {
        await using var app = TargetCommand.Create(kind, port: 0);
        await app.StartAsync();

        var report = await RunAsync(
            Settings("peer") with { Urls = [new Uri(app.Urls.First())], Server = server, Servers = [] }, run => run.Finish(run.Measure(100, Moment, Moment)));

        Assert.True(report.IsClean, ReportFiles.Json(report));
        Assert.Equal(PostsOf100 * 20, report.Edges[0].Viewers * report.Posts.Sent);
        Assert.Equal(30 * 10, report.Result.Latency.Count);
    }

    [Fact]
    public async Task Without_epoll_it_is_the_same()
    {
        using var run = new LoadRun("portable", Settings("portable"), TimeProvider.System, CancellationToken.None, new PortablePoller());

        var report = await LoadRun.StartAsync(() =>
        {
            run.Join();
            return run.Finish(run.Measure(100, Moment, Moment));
        });

        Assert.True(report.IsClean, ReportFiles.Json(report));
    }

    private LoadSettings Settings(string room) => new(
        [node.Url], ServerKind.Danmaku, room, Rooms: 1, Viewers: 20, ViewerFormat.Json, Posters: 5, TextKind.Fixed, Bytes: 60, ConnectRate: 250,
        SampleOneIn: 2, [], [new ServerProcess("node", node.Pid)], IsSpinning: false);

    private static async Task<RunReport> RunAsync(LoadSettings settings, Func<LoadRun, RunReport> measure) => await RunAsync<RunReport>(settings, run =>
    {
        run.Join();
        return measure(run);
    });

    private static async Task<T> RunAsync<T>(LoadSettings settings, Func<LoadRun, T> measure)
    {
        using var run = new LoadRun("test", settings, TimeProvider.System, CancellationToken.None);
        return await LoadRun.StartAsync(() => measure(run));
    }
}
