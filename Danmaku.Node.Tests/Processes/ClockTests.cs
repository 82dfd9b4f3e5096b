using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Nodes whose wall clock is days wrong for a while: nothing is lost, and what is said then has the right time, or soon has it again.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class ClockTests : IAsyncLifetime
{
    private const string Room = "clock";
    private const string Last = "the end";

    private static readonly TimeSpan Days = TimeSpan.FromDays(8);

    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly Uri _url = new($"http://127.0.0.1:{Ports.Free(IPAddress.Loopback)}");
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private FakeClock _clock = null!;

    public Task InitializeAsync()
    {
        _clock = new FakeClock(_data);
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_data, recursive: true);
        return Task.CompletedTask;
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_lone_node_whose_clock_jumps_stamps_the_right_time_and_forgets_nothing_also_over_a_restart(int sign)
    {
        Skip.If(FakeClock.Library is null, NotInstalled.Faketime);
        await using (var node = await StartAsync())
        {
            await PostAsync(node, "before");

            _clock.Set(sign * Days);
            await SaysAsync(node, "clock has jumped: it is 8.00:00:00 " + (sign > 0 ? "ahead" : "behind"));
            await PostAsync(node, "meanwhile");
            Assert.Equal(sign * Days.TotalSeconds, (await node.MetricAsync("danmaku_clock_ahead_seconds"))!.Value, tolerance: 3);
            var trims = await node.MetricAsync("danmaku_store_trims_put_off_total") ?? 0;
            await Eventually.TrueAsync(
                async () => await node.MetricAsync("danmaku_store_trims_put_off_total") > trims, TimeSpan.FromSeconds(60), "the trimmer has had its turn");

            _clock.Set(TimeSpan.Zero);
            await SaysAsync(node, "clock is right again");
            await PostAsync(node, "after");
            Assert.Single(node.Log, line => line.Contains("clock has jumped", StringComparison.Ordinal));
            node.Kill();
        }

        await using var again = await StartAsync();
        await PostAsync(again, "again");
        var said = await ReadAsync();
        Assert.Equal(["before", "meanwhile", "after", "again"], said.Select(danmaku => danmaku.Text));
        AssertRight(said);
    }

    [SkippableFact]
    public async Task Danmaku_stamped_by_a_wrong_clock_stay_and_a_new_epoch_has_the_right_time()
    {
        Skip.If(FakeClock.Library is null, NotInstalled.Faketime);
        await PostOnceAsync("before");
        _clock.Set(Days);
        await PostOnceAsync("ahead");
        _clock.Set(TimeSpan.Zero);

        await using var node = await StartAsync();
        await PostAsync(node, "right");

        await SaysAsync(node, "The newest danmaku in the store has a time that is 7.23:5");
        var said = await ReadAsync();
        Assert.Equal(["before", "ahead", "right"], said.Select(danmaku => danmaku.Text));
        AssertRight([said[0], said[2]]);
        Assert.InRange(said[1].Time - _start, Days, Days + TimeSpan.FromMinutes(2));
        Assert.Equal(said.Select(danmaku => danmaku.Epoch).Distinct().Order(), said.Select(danmaku => danmaku.Epoch));
    }

    [SkippableFact]
    public async Task Of_two_origins_the_one_with_the_wrong_clock_stamps_nothing_and_the_other_has_its_rooms()
    {
        Skip.If(FakeClock.Library is null, NotInstalled.Faketime);
        Skip.If(PostgresServer.Programs is null, NotInstalled.PostgreSql);
        await using var postgres = await PostgresServer.StartNewAsync();
        var database = await postgres.CreateDatabaseAsync();
        var clocks = new Dictionary<string, FakeClock> { ["origin-1"] = new(_data), ["origin-2"] = new(_data) };
        await using var fleet = await Fleet.StartAsync(
            2, ["Danmaku:Store:Kind=postgresql", "Danmaku:Store:ConnectionString=" + database], [[]],
            environments: name => clocks.GetValueOrDefault(name)?.Environment);
        var edge = fleet["edge-1"];
        var (viewer, _) = await TestViewer.JoinAsync(edge.Url, Room);
        using var __ = viewer;
        var hearing = HearAsync(viewer);
        var posts = 0;
        await PostManyAsync();
        var wrong = await OwnerAsync(fleet);
        var right = fleet.Origins.Single(origin => origin != wrong);

        clocks[wrong.Name].Set(Days);
        await SaysAsync(wrong, "clock is wrong: it is 8.00:00:00 ahead");
        using (var ready = await wrong.Http.GetAsync("/health/ready"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            Assert.Contains("the clock is 8.00:00:00 ahead", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await Eventually.TrueAsync(async () => await OwnerAsync(fleet) == right && await RoomsAsync(wrong) == 0, TimeSpan.FromSeconds(30), "its rooms have moved");
        await PostManyAsync();
        clocks[wrong.Name].Set(TimeSpan.Zero);
        await Eventually.TrueAsync(wrong.IsReadyAsync, TimeSpan.FromSeconds(30), "it is ready");
        await PostManyAsync();

        await viewer.PostAsync(Last);
        var said = await hearing;
        Assert.Equal(Enumerable.Range(1, posts).Select(i => $"{i}"), said.Select(danmaku => danmaku.Text));
        AssertRight(said);
        Assert.DoesNotContain(right.Log.Concat(edge.Log), line => line.Contains("clock", StringComparison.Ordinal));

        async Task PostManyAsync()
        {
            for (var i = 0; i < 20; i++)
            {
                await PostAsync(edge, $"{++posts}");
            }
        }
    }

    private static async Task<NodeProcess> OwnerAsync(Fleet fleet)
    {
        foreach (var origin in fleet.Origins)
        {
            if (await RoomsAsync(origin) > 0)
            {
                return origin;
            }
        }

        return fleet.Origins.First();
    }

    private static Task<double?> RoomsAsync(NodeProcess origin) => origin.MetricAsync("danmaku_rooms", "part=\"origin\"");

    private static Task SaysAsync(NodeProcess node, string text) => Eventually.TrueAsync(
        () => node.Log.Any(line => line.Contains(text, StringComparison.Ordinal)), TimeSpan.FromSeconds(30), $"{node.Name} says '{text}'");

    /// <summary>Posts as a client does: again, with the same key, until it is accepted; and it is durable then.</summary>
    private static async Task PostAsync(NodeProcess node, string text)
    {
        await Eventually.TrueAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{Room}/danmaku") { Content = JsonContent.Create(new { text }) };
                request.Headers.Add("Idempotency-Key", text);
                using var answer = await node.Http.SendAsync(request);
                return answer.IsSuccessStatusCode && (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("durable").GetBoolean();
            },
            TimeSpan.FromSeconds(30),
            $"'{text}' is accepted");
    }

    private async Task PostOnceAsync(string text)
    {
        await using var node = await StartAsync();
        await PostAsync(node, text);
        node.Kill();
    }

    /// <summary>All that was said.</summary>
    private async Task<List<(long Epoch, DateTimeOffset Time, string Text)>> ReadAsync()
    {
        var (viewer, _) = await TestViewer.JoinAsync(_url, Room, new { type = "join", history = 200 });
        using var __ = viewer;
        await viewer.PostAsync(Last);
        return await HearAsync(viewer);
    }

    /// <summary>What a viewer hears up to the last.</summary>
    private static async Task<List<(long Epoch, DateTimeOffset Time, string Text)>> HearAsync(TestViewer viewer)
    {
        var said = new List<(long Epoch, DateTimeOffset Time, string Text)>();
        while (said is not [.., (_, _, Last)])
        {
            var batch = await viewer.HearAsync("batch");
            said.AddRange(batch.GetProperty("comments").EnumerateArray().Select(comment => (
                batch.GetProperty("epoch").GetInt64(),
                DateTimeOffset.FromUnixTimeMilliseconds(comment.GetProperty("time").GetInt64()),
                comment.GetProperty("text").GetString()!)));
        }

        said.RemoveAt(said.Count - 1);
        return said;
    }

    /// <summary>Times of this test, none before one that was said earlier.</summary>
    private void AssertRight(IReadOnlyList<(long Epoch, DateTimeOffset Time, string Text)> said)
    {
        Assert.Equal(said.Select(danmaku => danmaku.Time).Order(), said.Select(danmaku => danmaku.Time));
        Assert.All(said, danmaku => Assert.InRange(danmaku.Time, _start.AddSeconds(-1), DateTimeOffset.UtcNow.AddSeconds(1)));
    }

    private async Task<NodeProcess> StartAsync()
    {
        var node = new NodeProcess("test", _url, ["Danmaku:DataDirectory=" + _data], environment: _clock.Environment);
        await Eventually.TrueAsync(node.IsReadyAsync, TimeSpan.FromSeconds(60), "the node is ready");
        return node;
    }
}
