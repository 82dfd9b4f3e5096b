using System.Net.Http.Json;
using System.Text;
using Danmaku.Core.Rooms;
using Danmaku.Node.Sockets;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.Node.Tests;

/// <summary>Heartbeats, silence, viewers that do not read, and the end of a node.</summary>
public sealed class LivenessTests
{
    /// <summary>Enough to fill the buffers of two systems and the node's own.</summary>
    private const int FloodBytes = 12 * 1024 * 1024;

    private static readonly string[] Flooded =
    [
        "--Danmaku:Connection:PostsPerSecond=0", "--Danmaku:Room:PostsPerSecond=0", "--Danmaku:Room:MaxTextChars=1000",
        "--Danmaku:Connection:MaxMessageBytes=8192", "--Danmaku:Connection:OutboxBytes=524288", "--Danmaku:Connection:MessagesPerSecond=0",
        "--Danmaku:Connection:MessagesPerSecondPerAddress=0",
        "--Danmaku:Connection:PostsPerSecondPerAddress=0",
    ];

    [Fact]
    public async Task A_viewer_that_only_listens_gets_a_Ping_within_8_seconds()
    {
        await using var node = await TestNode.StartAsync();
        using var viewer = await RawClient.UpgradeAsync(node.Url, "/ws/lobby");
        var start = TimeProvider.System.GetTimestamp();

        var (frame, _) = (await viewer.ReadAsync())!.Value;

        Assert.Equal((9, 0), (frame.OpCode, frame.Payload.Length));
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task A_silent_client_is_closed_and_one_that_answers_Pings_is_not()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Connection:Heartbeat=00:00:01", "--Danmaku:Connection:Silence=00:00:02");
        using var silent = await RawClient.UpgradeAsync(node.Url, "/ws/lobby");
        using var alive = await RawClient.UpgradeAsync(node.Url, "/ws/lobby");
        var answering = Task.Run(async () =>
        {
            for (var i = 0; i < 5; i++)
            {
                await alive.ReadUntilAsync(9);
                await alive.SendAsync(10, []);
            }
        });

        Assert.Equal((4008, "no heartbeat"), await silent.ReadCloseAsync());
        await answering;
        await alive.SendTextAsync("still here");
        Assert.Equal("still here", await alive.ReadTextAsync());
    }

    [Fact]
    public async Task A_viewer_that_only_listens_to_a_busy_room_gets_Pings()
    {
        await using var node = await TestNode.StartAsync(
            "--Danmaku:Connection:Heartbeat=00:00:01", "--Danmaku:Connection:Silence=00:00:02", "--Danmaku:Connection:PostsPerSecond=0",
            "--Danmaku:Connection:PostsPerSecondPerAddress=0", "--Danmaku:Connection:MessagesPerSecond=0");
        using var listener = await RawClient.UpgradeAsync(node.Url, "/ws/lobby");
        var (poster, _) = await TestViewer.JoinAsync(node.Url, "lobby");
        using var __ = poster;
        using var done = new CancellationTokenSource();
        var posting = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await poster.PostAsync("busy");
                await poster.WatchAsync(1);
            }
        });

        // One a second at most: longer than the silence that is allowed.
        for (var pings = 0; pings < 4; pings++)
        {
            await listener.ReadUntilAsync(9);
            await listener.SendAsync(10, []);
        }

        await done.CancelAsync();
        await posting;
        await listener.SendTextAsync("still here");
        while (await listener.ReadTextAsync() is var text && text != "still here")
        {
            Assert.Equal("busy", text);
        }
    }

    [Fact]
    public async Task A_client_that_does_not_join_is_closed()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Connection:JoinTimeout=00:00:01");
        using var viewer = await TestViewer.JsonAsync(node.Url, "/ws/lobby");
        var (joined, _) = await TestViewer.JoinAsync(node.Url, "lobby");
        using var __ = joined;

        Assert.Equal((4000, "join expected"), await viewer.ClosedAsync());
        await joined.PostAsync("still here");
        await joined.HearAsync("ack");
    }

    [Fact]
    public async Task A_json_viewer_that_does_not_read_is_skipped_ahead_and_told_and_no_other_viewer_notices()
    {
        await using var node = await TestNode.StartAsync([.. Flooded, "--Danmaku:Connection:TooSlowAfter=00:01:00"]);
        using var slow = await RawClient.UpgradeAsync(node.Url, "/ws/flood", "danmaku.v1.json", receiveBuffer: 4096);
        await slow.SendTextAsync("""{"type":"join"}""");
        var count = await FloodAsync(node, "flood");
        Assert.True(await node.MetricAsync("danmaku_skipped_total") > 0);

        // Now it reads: every offset is delivered or skipped, once, in order.
        long next = 1, skipped = 0;
        while (next <= count)
        {
            var message = System.Text.Json.JsonElement.Parse(await slow.ReadTextAsync());
            switch (message.GetProperty("type").GetString())
            {
                case "batch":
                    Assert.Equal(next, message.GetProperty("offset").GetInt64());
                    next += message.GetProperty("comments").GetArrayLength();
                    break;
                case "skipped":
                    Assert.Equal(next, message.GetProperty("from").GetInt64());
                    skipped += message.GetProperty("count").GetInt64();
                    next = message.GetProperty("through").GetInt64() + 1;
                    break;
            }
        }

        Assert.InRange(skipped, 1, count);
        Assert.Equal(skipped, await node.MetricAsync("danmaku_skipped_total"));
    }

    [Fact]
    public async Task A_json_viewer_that_stays_slow_is_closed()
    {
        await using var node = await TestNode.StartAsync([.. Flooded, "--Danmaku:Connection:TooSlowAfter=00:00:01"]);
        using var slow = await RawClient.UpgradeAsync(node.Url, "/ws/flood", "danmaku.v1.json", receiveBuffer: 4096);
        await slow.SendTextAsync("""{"type":"join"}""");

        var flood = FloodAsync(node, "flood");
        await Eventually.TrueAsync(async () => await node.MetricAsync("danmaku_closes_total", "code=\"1013\"") == 1, TimeSpan.FromSeconds(30));

        Assert.Equal((1013, "too slow"), await slow.ReadCloseAsync());
        await flood;
    }

    [Fact]
    public async Task A_plain_viewer_that_does_not_read_is_closed_and_cut_off()
    {
        await using var node = await TestNode.StartAsync(Flooded);
        using var slow = await RawClient.UpgradeAsync(node.Url, "/ws/flood", receiveBuffer: 4096);
        await Eventually.TrueAsync(async () => await node.MetricAsync("danmaku_viewers") == 1);

        await FloodAsync(node, "flood");

        Assert.Equal(1, await node.MetricAsync("danmaku_closes_total", "code=\"1013\""));
        var registry = node.Services.GetRequiredService<SocketRegistry>();
        await Eventually.TrueAsync(() => registry.Count == 0, TimeSpan.FromSeconds(15), "it is gone without having read anything");
    }

    [Fact]
    public async Task A_stopping_node_closes_all_viewers_with_1012_and_sends_move_first_if_the_format_has_it()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:PublicUrl=https://only.example/");
        using var plain = await RawClient.UpgradeAsync(node.Url, "/ws/lobby");
        using var echo = await TestViewer.PlainAsync(node.Url, "/echo");
        using var waiting = await TestViewer.JsonAsync(node.Url, "/ws/lobby");
        var (json, _) = await TestViewer.JoinAsync(node.Url, "lobby");
        using var __ = json;

        var stopping = node.StopAsync();

        // There is no other edge, and nobody is sent to where it is.
        Assert.Equal("""{"type":"move"}""", (await json.HearAsync("move")).GetRawText());
        Assert.Equal("""{"type":"move"}""", await waiting.ReadAsync());
        Assert.All(
            [await json.ClosedAsync(), await waiting.ClosedAsync(), await echo.ClosedAsync()], close => Assert.Equal((1012, "restarting"), close));
        Assert.Equal(8, (await plain.ReadAsync())!.Value.Frame.OpCode);
        await stopping;
    }

    [Fact]
    public async Task A_request_that_does_not_end_does_not_delay_a_stopping_node()
    {
        var rooms = new SilentRooms();
        await using var node = await TestNode.StartAsync(rooms);
        var posting = node.Http.PostAsJsonAsync("/api/rooms/lobby/danmaku", new { text = "hi" });
        await rooms.WasAsked;
        var start = TimeProvider.System.GetTimestamp();

        await node.StopAsync();

        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(15));
        await Assert.ThrowsAsync<HttpRequestException>(() => posting);
    }

    [Fact]
    public async Task A_draining_node_accepts_no_viewers_and_does_not_wait_for_ever()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:DrainSeconds=30");
        using var stuck = await RawClient.UpgradeAsync(node.Url, "/ws/lobby");
        var stopping = node.StopAsync();
        Assert.Equal(1012, (await stuck.ReadCloseAsync()).Code);

        using var late = await RawClient.ConnectAsync(node.Url);
        Assert.Equal(503, await late.RequestAsync("/ws/lobby", RawClient.Upgrade));
        Assert.Contains("retry-after", late.Headers);
        using var ready = await node.Http.GetAsync("/health/ready");
        Assert.Equal(503, (int)ready.StatusCode);
        using var live = await node.Http.GetAsync("/health/live");
        Assert.Equal(200, (int)live.StatusCode);

        Assert.Null(await stuck.ReadAsync());
        await stopping;
    }

    /// <summary>Never answers a post.</summary>
    private sealed class SilentRooms : NoRooms
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task WasAsked => _asked.Task;

        public override async Task<PostResult> PostAsync(RoomId room, Post post, int source, CancellationToken cancellation)
        {
            _asked.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            return new PostResult.Unknown();
        }
    }

    /// <summary>Posts until there is no place any more in front of somebody who does not read; the poster itself gets everything.</summary>
    /// <returns>How many danmaku the room has.</returns>
    private static async Task<int> FloodAsync(TestNode node, string room)
    {
        var (poster, _) = await TestViewer.JoinAsync(node.Url, room);
        using var __ = poster;
        var text = new string('弹', 1000);
        var count = FloodBytes / Encoding.UTF8.GetByteCount(text);
        for (var i = 1; i <= count; i++)
        {
            await poster.PostAsync(text);
            if (i % 10 == 0)
            {
                Assert.Equal(i, (await poster.WatchAsync(10))[^1].Offset);
            }
        }

        await poster.WatchAsync(count % 10);
        return count;
    }
}
