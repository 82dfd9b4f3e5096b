using System.Diagnostics;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Xunit.Abstractions;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Nodes of a cluster of two origins and three edges that die, hang or leave. Every test leaves it whole.</summary>
[Collection(Lanes.Failover)]
[Trait("Category", "process")]
public sealed class OriginLossTests(OriginLossTests.TwoOrigins cluster, ITestOutputHelper output) : IClassFixture<OriginLossTests.TwoOrigins>
{
    private Fleet Fleet => cluster.Fleet;

    [SkippableFact]
    public async Task Rooms_of_a_killed_origin_reopen_on_the_other_and_viewers_keep_their_sockets()
    {
        await using var viewer = await Follower.JoinAsync(Fleet["edge-1"].Url, "watched");
        await using var meter = await PostingMeter.StartAsync(Fleet["edge-1"]);

        await KillAsync(meter, TimeSpan.FromSeconds(20), "origin-1");

        Assert.False(viewer.Ended.IsCompleted);
        await viewer.PostAndSeeAsync("goes on");
        await RestartAsync("origin-1");
    }

    [SkippableFact]
    public async Task An_origin_outlives_the_other_and_all_edges_at_once()
    {
        await using var meter = await PostingMeter.StartAsync(Fleet["origin-1"]);
        string[] killed = ["origin-2", "edge-1", "edge-2", "edge-3"];

        // Alone among five it waits longer before it goes on.
        await KillAsync(meter, TimeSpan.FromSeconds(42), killed);

        await RestartAsync(killed);
        await using var afterwards = await PostingMeter.StartAsync(Fleet["edge-1"]);
    }

    [SkippableFact]
    public async Task Rooms_of_a_stopped_origin_move_in_a_moment()
    {
        await using var meter = await PostingMeter.StartAsync(Fleet["edge-1"]);

        var code = await Fleet["origin-2"].StopAsync();
        await meter.AllAcceptAsync();
        Report("origin-2 stopped", meter);

        Assert.Equal(0, code);
        Assert.InRange(meter.Outages.Max(), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        await RestartAsync("origin-2");
    }

    [SkippableFact]
    public async Task An_origin_removed_while_it_hung_ends_when_it_goes_on()
    {
        var hung = Fleet["origin-1"];
        NodeProcess[] rest = [Fleet["origin-2"], .. Fleet.Edges];

        hung.Suspend();
        await Fleet.OnlyAsync(rest, rest);
        var (code, took) = await ResumeToItsEndAsync(hung);

        Assert.Equal(255, code);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        await RestartAsync("origin-1");
        await using var meter = await PostingMeter.StartAsync(Fleet["edge-1"]);
    }

    [SkippableFact]
    public async Task An_edge_removed_while_it_hung_ends_without_waiting()
    {
        var hung = Fleet["edge-3"];
        await using var viewer = await Follower.JoinAsync(hung.Url, "left");
        await viewer.PostAndSeeAsync("before");
        using var stuck = await RawClient.UpgradeAsync(hung.Url, "/echo");
        NodeProcess[] rest = [.. Fleet.Origins, Fleet["edge-1"], Fleet["edge-2"]];

        hung.Suspend();
        await Fleet.OnlyAsync(rest, rest);
        var (code, took) = await ResumeToItsEndAsync(hung);
        await viewer.Ended;

        Assert.Equal(255, code);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal((1012, "restarting"), viewer.Close);
        await using var again = await Follower.JoinAsync(Fleet["edge-1"].Url, "left", viewer.Position);
        await again.PostAndSeeAsync("after");
        await RestartAsync("edge-3");
    }

    private async Task<(int Code, TimeSpan Took)> ResumeToItsEndAsync(NodeProcess hung)
    {
        var clock = Stopwatch.StartNew();
        hung.Resume();
        var code = await hung.EndAsync();
        output.WriteLine($"{hung.Name} went on and ended with {code} after {clock.Elapsed.TotalSeconds:0.0} s");
        return (code, clock.Elapsed);
    }

    private async Task KillAsync(PostingMeter meter, TimeSpan most, params string[] names)
    {
        foreach (var name in names)
        {
            Fleet[name].Kill();
        }

        NodeProcess[] rest = [.. Fleet.Origins.Concat(Fleet.Edges).Where(node => !names.Contains(node.Name))];
        await Fleet.OnlyAsync(rest, rest);
        await meter.AllAcceptAsync();
        Report($"{string.Join(", ", names)} killed", meter);

        Assert.All(rest, node => Assert.False(node.HasExited));
        Assert.InRange(meter.Outages.Max(), TimeSpan.Zero, most);
    }

    private async Task RestartAsync(params string[] names)
    {
        Fleet.Start(names);
        await Fleet.ReadyAsync();
    }

    private void Report(string what, PostingMeter meter) =>
        output.WriteLine($"{what}: rooms without posting for {string.Join(", ", meter.Outages.OrderDescending().Select(each => $"{each.TotalSeconds:0.0}"))} s");

    public sealed class TwoOrigins : IAsyncLifetime
    {
        private PostgresServer? _postgres;
        private Fleet? _fleet;

        internal Fleet Fleet
        {
            get
            {
                Skip.If(_fleet is null, NotInstalled.PostgreSql);
                return _fleet!;
            }
        }

        public async Task InitializeAsync()
        {
            if (PostgresServer.Programs is not null)
            {
                _postgres = await PostgresServer.StartNewAsync();
                string[] store = ["Danmaku:Store:Kind=postgresql", "Danmaku:Store:ConnectionString=" + await _postgres.CreateDatabaseAsync()];
                _fleet = await Fleet.StartAsync(2, store, [[], [], []]);
            }
        }

        public async Task DisposeAsync()
        {
            await (_fleet?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (_postgres?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }
}
