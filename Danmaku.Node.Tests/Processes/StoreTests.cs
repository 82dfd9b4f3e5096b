using System.Net;
using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>What a node keeps in its store: through kills, for those who come back late, and while the store is away.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class StoreTests : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly Uri _url = new($"http://127.0.0.1:{FreePort()}");

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        Directory.Delete(_data, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Acknowledged_danmaku_survive_a_kill_at_the_same_positions_and_a_resent_post_is_recognised()
    {
        const string Id = "00112233445566778899aabbccddeeff";
        JsonElement first;
        (long Epoch, long Offset, string Text)[] seen;
        await using (var node = await StartAsync())
        {
            var (viewer, _) = await TestViewer.JoinAsync(_url, "kept");
            using var __ = viewer;
            await viewer.SayAsync(new { type = "post", id = Id, text = "before" });
            first = await viewer.HearAsync("ack");
            await viewer.PostAsync("the kill");
            Assert.True((await viewer.HearAsync("ack")).GetProperty("durable").GetBoolean());
            using var other = (await TestViewer.JoinAsync(_url, "kept")).Viewer;
            seen = [.. await other.WatchAsync(2)];
            node.Kill();
        }

        await using var again = await StartAsync();
        var (back, welcome) = await TestViewer.JoinAsync(
            _url, "kept", new { type = "join", position = new { epoch = seen[0].Epoch, offset = 0 } });
        using var ___ = back;
        Assert.Equal(seen, await back.WatchAsync(2));
        await back.SayAsync(new { type = "post", id = Id, text = "before" });
        var repeated = await back.HearAsync("ack");
        await back.PostAsync("after");
        var next = Assert.Single(await back.WatchAsync(1));

        Assert.False(welcome.GetProperty("lost").GetBoolean());
        Assert.Equal($"{first}", $"{repeated}");
        Assert.Equal((1, "after"), (next.Offset, next.Text));
        Assert.True(next.Epoch > seen[0].Epoch);
    }

    [Fact]
    public async Task A_viewer_that_missed_more_than_memory_holds_gets_all_of_it_and_then_live_danmaku()
    {
        const int Count = 1500;
        var text = new string('弹', 1000 - 8);
        await using var node = await StartAsync(
            "Danmaku:Room:MaxTextChars=1000", "Danmaku:Room:HistoryComments=100", "Danmaku:Room:PostsPerSecond=0",
            "Danmaku:Connection:PostsPerSecond=0", "Danmaku:Connection:PostsPerSecondPerAddress=0", "Danmaku:Connection:MessagesPerSecond=0",
            "Danmaku:Connection:MessagesPerSecondPerAddress=0", "Danmaku:Connection:MaxPendingPosts=10000",
            "Danmaku:Connection:MaxMessageBytes=16384");
        var (author, welcome) = await TestViewer.JoinAsync(_url, "long");
        using var _ = author;
        for (var i = 1; i <= Count; i++)
        {
            await author.PostAsync($"{i:d8}{text}");
            await author.HearAsync("ack");
        }

        var (back, resumed) = await TestViewer.JoinAsync(_url, "long", new { type = "join", position = welcome.GetProperty("position") });
        using var __ = back;
        var missed = await back.WatchAsync(Count);
        await author.PostAsync("live");

        Assert.False(resumed.GetProperty("lost").GetBoolean());
        Assert.Equal(Enumerable.Range(1, Count).Select(i => ((long)i, $"{i:d8}")), missed.Select(said => (said.Offset, said.Text[..8])));
        Assert.Equal((Count + 1, "live"), (await back.WatchAsync(1)).Select(said => ((int)said.Offset, said.Text)).Single());
    }

    [SkippableFact]
    public async Task While_the_store_is_away_danmaku_are_not_durable_and_nothing_is_missing_when_it_is_back()
    {
        Skip.If(PostgresServer.Programs is null, NotInstalled.PostgreSql);
        await using var postgres = await PostgresServer.StartNewAsync();
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await StartAsync("Danmaku:Store:Kind=postgresql", "Danmaku:Store:ConnectionString=" + database);
        var (viewer, _) = await TestViewer.JoinAsync(_url, "away");
        using var __ = viewer;
        await viewer.PostAsync("before");
        Assert.True((await viewer.HearAsync("ack")).GetProperty("durable").GetBoolean());

        await postgres.KillAsync();
        var id = await viewer.PostAsync("while it is away");
        var first = await viewer.HearAsync("ack");
        await Eventually.TrueAsync(async () => await WhyNotReadyAsync(node) is { } reason && reason.Contains("the store is away", StringComparison.Ordinal));
        using var other = (await TestViewer.JoinAsync(_url, "away")).Viewer;
        Assert.Equal(["before", "while it is away"], (await other.WatchAsync(2)).Select(said => said.Text));
        await postgres.StartAsync();
        var second = await viewer.HearAsync("ack");
        await Eventually.TrueAsync(node.IsReadyAsync);

        Assert.Equal((id, false), (first.GetProperty("id").GetString(), first.GetProperty("durable").GetBoolean()));
        Assert.Equal((id, true), (second.GetProperty("id").GetString(), second.GetProperty("durable").GetBoolean()));
        Assert.Equal("2", (await postgres.QueryAsync("SELECT count(*) FROM danmaku.log", DatabaseIn(database))).Trim());
    }

    [SkippableFact]
    public async Task A_room_that_opens_while_the_store_is_away_refuses_posts_and_says_when_to_try_again()
    {
        Skip.If(PostgresServer.Programs is null, NotInstalled.PostgreSql);
        await using var postgres = await PostgresServer.StartNewAsync();
        await using var node = await StartAsync("Danmaku:Store:Kind=postgresql", "Danmaku:Store:ConnectionString=" + await postgres.CreateDatabaseAsync());
        await postgres.KillAsync();

        using var refused = await node.PostAsync("late", new { text = "hello" });
        await postgres.StartAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains("unavailable", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Eventually.TrueAsync(async () =>
        {
            using var answer = await node.PostAsync("late", new { text = "hello" });
            return answer.IsSuccessStatusCode;
        });
    }

    [Fact]
    public async Task Two_nodes_cannot_keep_their_rooms_in_one_directory()
    {
        await using var node = await StartAsync();

        await using var second = new NodeProcess("second", new Uri($"http://127.0.0.1:{FreePort()}"), ["Danmaku:DataDirectory=" + _data]);
        await second.EndAsync();

        var line = Assert.Single(second.TakeErrors());
        Assert.Contains(_data, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_origin_with_a_store_of_its_own_does_not_become_the_second()
    {
        var (seed, free) = (FreePort(), FreePort());
        await using var first = await StartAsync($"Danmaku:Cluster:Seeds=127.0.0.1:{seed}", $"Danmaku:Cluster:Port={seed}");
        var other = Directory.CreateDirectory(Path.Combine(_data, "other")).FullName;

        await using var second = new NodeProcess("second", new Uri($"http://127.0.0.1:{FreePort()}"),
        [
            "Danmaku:Roles=origin", "Danmaku:DataDirectory=" + other, $"Danmaku:Cluster:Seeds=127.0.0.1:{seed}", $"Danmaku:Cluster:Port={free}",
        ]);
        await second.EndAsync(TimeSpan.FromSeconds(60));

        Assert.Contains(second.TakeErrors(), error => error.Contains("share a PostgreSQL database", StringComparison.Ordinal));
        Assert.False(first.HasExited);
        await Eventually.TrueAsync(() => first.SeesAsync(["test"]), TimeSpan.FromSeconds(30));
        using var answer = await first.PostAsync("lobby", new { text = "still here" });
        Assert.True(answer.IsSuccessStatusCode);
    }

    private async Task<NodeProcess> StartAsync(params string[] settings)
    {
        var node = new NodeProcess("test", _url, ["Danmaku:DataDirectory=" + _data, .. settings]);
        await Eventually.TrueAsync(node.IsReadyAsync, TimeSpan.FromSeconds(60), "the node is ready");
        return node;
    }

    private static async Task<string?> WhyNotReadyAsync(NodeProcess node)
    {
        using var answer = await node.Http.GetAsync("/health/ready");
        return answer.StatusCode == HttpStatusCode.ServiceUnavailable ? await answer.Content.ReadAsStringAsync() : null;
    }

    private static string DatabaseIn(string connection) =>
        connection.Split(';').Single(part => part.StartsWith("Database=", StringComparison.OrdinalIgnoreCase))["Database=".Length..];

    private static int FreePort() => Ports.Free(IPAddress.Loopback);
}
