using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>One client that sends, asks or opens as much as it can: what it gets, and that others do not feel it.</summary>
public sealed class FloodTests
{
    private const int Text = 1;
    private const int Ping = 9;
    private const int Pong = 10;

    // Of Danmaku:Connection, see docs/operations.md.
    private const int MessagesPerSecond = 50;
    private const int MessageBurst = 200;
    private const int MessagesPerSecondPerAddress = 1000;
    private const int MessageBurstPerAddress = 4000;

    private const string Trusting = "--Danmaku:TrustedProxies=127.0.0.1";
    private const string Hostile = "203.0.113.66";

    private static readonly TimeSpan MaxPush = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("pings")]
    [InlineData("empty")]
    [InlineData("clocks")]
    [InlineData("posts")]
    public async Task A_flood_from_one_address_is_not_felt_at_another(string what)
    {
        await using var node = await TestNode.StartAsync(Trusting, "--Danmaku:Connection:PostsPerSecond=0");
        var (honest, _) = await TestViewer.JoinAsync(node.Url, "lobby");
        using var __ = honest;
        await MedianAckAsync(honest);
        var quiet = await MedianAckAsync(honest);
        using var enough = new CancellationTokenSource();
        var start = Stopwatch.GetTimestamp();
        Flood[] floods = [.. await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Flood.StartAsync(node.Url, "flooded", Of(what), enough.Token, isPlain: what == "empty")))];
        await WaitForDelaysAsync(node);

        var flooded = await MedianAckAsync(honest);

        await enough.CancelAsync();
        await Task.WhenAll(floods.Select(flood => flood.Ended));
        var most = MessageBurstPerAddress + (MessagesPerSecondPerAddress * Stopwatch.GetElapsedTime(start).TotalSeconds);
        Assert.InRange(floods.Sum(flood => flood.Answers), 0, most);
        Assert.InRange(flooded, TimeSpan.Zero, quiet + TimeSpan.FromMilliseconds(200));
    }

    /// <param name="isFirst">Else the handshake is not the first request of its connection, and frames go through the HTTP server.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_flooding_client_is_read_more_slowly_and_closed_when_it_does_not_stop(bool isFirst)
    {
        await using var node = await TestNode.StartAsync();
        using var client = await RawClient.ConnectAsync(node.Url);
        if (!isFirst)
        {
            Assert.Equal(200, await client.RequestAsync("/health/live", [], "HEAD"));
        }

        Assert.Equal(101, await client.RequestAsync("/echo", RawClient.Upgrade));
        var start = Stopwatch.GetTimestamp();
        var pushing = PushAsync(client, Of("pings"), CancellationToken.None);

        var pongs = 0;
        var frame = await ReadAsync(client);
        for (; frame.OpCode == Pong; frame = await ReadAsync(client))
        {
            pongs++;
        }

        var lasted = Stopwatch.GetElapsedTime(start);
        Assert.Equal(8, frame.OpCode);
        Assert.Equal("too many messages", Encoding.UTF8.GetString(frame.Payload.AsSpan(2)));
        Assert.Equal(1008, (frame.Payload[0] << 8) | frame.Payload[1]);
        Assert.InRange(lasted, MaxPush, MaxPush * 4);
        Assert.InRange(pongs, MessageBurst, MessageBurst + 1 + (MessagesPerSecond * lasted.TotalSeconds));
        Assert.Equal(1, await node.MetricAsync("danmaku_closes_total", "code=\"1008\""));
        client.Dispose();
        await pushing;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_sends_a_burst_and_stops_is_read_completely(bool isFirst)
    {
        await using var node = await TestNode.StartAsync();
        using var client = await RawClient.ConnectAsync(node.Url);
        if (!isFirst)
        {
            Assert.Equal(200, await client.RequestAsync("/health/live", [], "HEAD"));
        }

        Assert.Equal(101, await client.RequestAsync("/echo", RawClient.Upgrade));
        await client.SendBytesAsync([.. Enumerable.Range(1, MessageBurst + 100).SelectMany(i => RawClient.Frame(Text, Encoding.UTF8.GetBytes($"{i}")))]);

        for (var i = 1; i <= MessageBurst + 100; i++)
        {
            Assert.Equal($"I got your message: {i}", await client.ReadTextAsync());
        }

        Assert.True(await node.MetricAsync("danmaku_reads_delayed_total") > 0);
    }

    [Fact]
    public async Task Many_connections_or_reconnects_do_not_raise_the_rate_of_an_address()
    {
        await using var node = await TestNode.StartAsync(
            Trusting, "--Danmaku:Connection:PostsPerSecondPerAddress=0.001", "--Danmaku:Connection:PostBurstPerAddress=3");

        Assert.Equal(["ack", "ack"], await PostAsViewerAsync(node, Hostile, 2));
        Assert.Equal(["ack", "reject"], await PostAsViewerAsync(node, Hostile, 2));
        Assert.Equal(["reject"], await PostAsViewerAsync(node, Hostile, 1));
        Assert.Equal(["ack"], await PostAsViewerAsync(node, "203.0.113.1", 1));
    }

    [Fact]
    public async Task A_client_that_sends_thirty_messages_in_a_loop_does_not_notice()
    {
        await using var node = await TestNode.StartAsync();
        using var client = await TestViewer.PlainAsync(node.Url, "/echo");

        for (var i = 0; i < 30; i++)
        {
            await client.SendAsync($"{i}");
        }

        for (var i = 0; i < 30; i++)
        {
            Assert.Equal($"I got your message: {i}", await client.ReadAsync());
        }

        Assert.Equal(0, await node.MetricAsync("danmaku_reads_delayed_total"));
    }

    [Fact]
    public async Task A_client_that_disconnects_during_its_flood_is_gone_at_once()
    {
        await using var node = await TestNode.StartAsync();
        using var client = await RawClient.UpgradeAsync(node.Url, "/ws/lobby");
        await client.SendBytesAsync([.. Enumerable.Range(0, 50).SelectMany(_ => Of("pings"))]);
        await WaitForDelaysAsync(node);

        client.Dispose();

        await Testing.Eventually.TrueAsync(async () => await node.MetricAsync("danmaku_viewers") == 0, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("json")]
    [InlineData("post")]
    public async Task One_client_opens_so_many_rooms_and_others_still_open_theirs(string way)
    {
        await using var node = await TestNode.StartAsync(
            Trusting, "--Danmaku:Connection:RoomsPerAddress=5", "--Danmaku:Connection:HttpPostsPerSecond=0", "--Danmaku:Connection:RoomBurst=1000");
        var statuses = new List<int>();
        for (var i = 0; i < 100; i++)
        {
            statuses.Add((await OpenAsync(node, way, $"room-{i}", Hostile)).Status);
        }

        Assert.Equal([.. Enumerable.Repeat(way == "post" ? 200 : 101, 5), .. Enumerable.Repeat(429, 95)], statuses);
        Assert.True((await OpenAsync(node, way, "room-100", Hostile)).HasRetryAfter);
        Assert.Equal(way == "post" ? 200 : 101, (await OpenAsync(node, way, "room-200", "203.0.113.1")).Status);
        Assert.Equal(way == "post" ? 200 : 101, (await OpenAsync(node, way, "room-0", Hostile)).Status);
        Assert.InRange(await node.MetricAsync("danmaku_rooms", "part=\"origin\""), 0, 7);
    }

    [Fact]
    public async Task Rooms_are_opened_no_faster_than_they_may_be()
    {
        await using var node = await TestNode.StartAsync(
            Trusting, "--Danmaku:Connection:RoomsPerSecond=0.001", "--Danmaku:Connection:RoomBurst=3", "--Danmaku:Connection:RoomsPerAddress=0");

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(101, (await OpenAsync(node, "plain", $"room-{i}", Hostile)).Status);
        }

        Assert.Equal(429, (await OpenAsync(node, "plain", "room-3", Hostile)).Status);
        Assert.Equal(101, (await OpenAsync(node, "plain", "room-2", Hostile)).Status);
        Assert.Equal(1, await node.MetricAsync("danmaku_connects_refused_total", "reason=\"rooms\""));
    }

    [Fact]
    public async Task A_server_with_the_key_posts_to_any_number_of_rooms()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:ServerKey=secret", "--Danmaku:Connection:RoomsPerAddress=1");
        node.Http.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        for (var i = 0; i < 5; i++)
        {
            using var response = await node.Http.PostAsJsonAsync($"/api/rooms/room-{i}/danmaku", new { text = "a" });
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/metrics")]
    [InlineData("/ws/lobby")]
    [InlineData("/api/rooms/lobby/history")]
    public async Task An_address_with_too_many_requests_is_told_when_to_try_again(string path)
    {
        await using var node = await TestNode.StartAsync(
            Trusting, "--Danmaku:Connection:HttpRequestsPerSecond=0.1", "--Danmaku:Connection:HttpRequestBurst=10");
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 10; i++)
        {
            using var answer = await GetAsync(node, path, Hostile);
            statuses.Add(answer.StatusCode);
        }

        var start = Stopwatch.GetTimestamp();
        using var refused = await GetAsync(node, path, Hostile);
        var took = Stopwatch.GetElapsedTime(start);
        using var other = await GetAsync(node, path, "203.0.113.1");
        using var health = await GetAsync(node, "/health/ready", Hostile);

        Assert.DoesNotContain(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        Assert.Equal("rate_limited", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
        Assert.True(took > TimeSpan.FromSeconds(0.9), "who is refused waits for it, and asks for nothing more meanwhile");
        Assert.Equal(statuses[0], other.StatusCode);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Equal(1, await node.MetricAsync("danmaku_requests_refused_total"));
    }

    [Fact]
    public async Task In_a_full_room_clients_that_have_posted_much_are_refused_first()
    {
        await using var node = await TestNode.StartAsync(Trusting, "--Danmaku:Room:PostsPerSecond=4", "--Danmaku:Connection:HttpPostsPerSecond=0");
        for (var i = 1; i <= 10; i++)
        {
            await PostUntilAcceptedAsync(node, $"198.51.100.{i}");
        }

        // With twelve who post, half of an equal share of a minute is ten.
        for (var i = 0; i < 12; i++)
        {
            await PostUntilAcceptedAsync(node, Hostile);
        }

        while (await PostAsync(node, Hostile) == HttpStatusCode.OK)
        {
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PostAsync(node, Hostile));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, "203.0.113.1"));
    }

    private static byte[] Of(string what) => [.. Enumerable.Range(0, 100).SelectMany(_ => what switch
    {
        "pings" => RawClient.Frame(Ping, []),
        "empty" => RawClient.Frame(Text, []),
        "clocks" => RawClient.Frame(Text, Encoding.UTF8.GetBytes("""{"type":"clock","client":1}""")),
        _ => RawClient.Frame(Text, Encoding.UTF8.GetBytes($$"""{"type":"post","id":"{{TestViewer.NewId()}}","text":"flood"}""")),
    })];

    /// <summary>How long an acknowledgement takes, of some posts one after the other.</summary>
    private static async Task<TimeSpan> MedianAckAsync(TestViewer viewer)
    {
        var took = new List<TimeSpan>();
        for (var i = 0; i < 25; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await viewer.PostAsync("honest");
            await viewer.HearAsync("ack");
            took.Add(Stopwatch.GetElapsedTime(start));
        }

        return took.Order().ElementAt(took.Count / 2);
    }

    private static async Task WaitForDelaysAsync(TestNode node) =>
        await Testing.Eventually.TrueAsync(async () => await node.MetricAsync("danmaku_reads_delayed_total") > 0, TimeSpan.FromSeconds(20), "somebody has to wait");

    /// <summary>Sends the same again and again, until that is enough or nobody takes it any more.</summary>
    private static async Task PushAsync(RawClient client, byte[] bytes, CancellationToken enough)
    {
        try
        {
            while (!enough.IsCancellationRequested)
            {
                await client.PushAsync(bytes, enough);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // That is how it ends.
        }
    }

    private static async Task<Testing.WebSocketFrame> ReadAsync(RawClient client) => (await client.ReadAsync() ?? throw new EndOfStreamException()).Frame;

    /// <summary>A viewer of the room that comes and goes, or a post to it.</summary>
    private static async Task<(int Status, bool HasRetryAfter)> OpenAsync(TestNode node, string way, string room, string address)
    {
        if (way == "post")
        {
            using var response = await SendPostAsync(node, room, address);
            return ((int)response.StatusCode, response.Headers.RetryAfter is not null);
        }

        using var client = await RawClient.ConnectAsync(node.Url);
        string[] protocol = way == "json" ? ["Sec-WebSocket-Protocol: danmaku.v1.json"] : [];
        var status = await client.RequestAsync("/ws/" + room, [.. RawClient.Upgrade, "X-Forwarded-For: " + address, .. protocol]);
        return (status, client.Headers.ContainsKey("retry-after"));
    }

    /// <summary>A viewer that comes, posts and goes: how each post was answered.</summary>
    private static async Task<List<string>> PostAsViewerAsync(TestNode node, string address, int count)
    {
        using var client = await RawClient.ConnectAsync(node.Url);
        Assert.Equal(101, await client.RequestAsync(
            "/ws/lobby", [.. RawClient.Upgrade, "X-Forwarded-For: " + address, "Sec-WebSocket-Protocol: danmaku.v1.json"]));
        await client.SendTextAsync("""{"type":"join"}""");
        var answers = new List<string>();
        while (answers.Count < count)
        {
            await client.SendTextAsync($$"""{"type":"post","id":"{{TestViewer.NewId()}}","text":"flood"}""");
            string type;
            do
            {
                type = JsonElement.Parse(await client.ReadTextAsync()).GetProperty("type").GetString()!;
            }
            while (type is not ("ack" or "reject"));
            answers.Add(type);
        }

        return answers;
    }

    private static async Task<HttpResponseMessage> GetAsync(TestNode node, string path, string address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("X-Forwarded-For", address);
        return await node.Http.SendAsync(request);
    }

    private static async Task<HttpResponseMessage> SendPostAsync(TestNode node, string room, string address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{room}/danmaku") { Content = JsonContent.Create(new { text = "hi" }) };
        request.Headers.Add("X-Forwarded-For", address);
        return await node.Http.SendAsync(request);
    }

    private static async Task<HttpStatusCode> PostAsync(TestNode node, string address)
    {
        using var response = await SendPostAsync(node, "lobby", address);
        return response.StatusCode;
    }

    private static Task PostUntilAcceptedAsync(TestNode node, string address) =>
        Testing.Eventually.TrueAsync(async () => await PostAsync(node, address) == HttpStatusCode.OK, TimeSpan.FromSeconds(20));

    /// <summary>One connection that pushes, and reads what it gets.</summary>
    private sealed class Flood
    {
        private static readonly string[] Kinds = ["clock", "ack", "reject"];
        private static readonly string[] FullProtocol = ["Sec-WebSocket-Protocol: danmaku.v1.json"];

        private int _answers;

        /// <summary>How many of its messages have been answered.</summary>
        public int Answers => Volatile.Read(ref _answers);

        public Task Ended { get; private set; } = Task.CompletedTask;

        public static async Task<Flood> StartAsync(Uri node, string room, byte[] bytes, CancellationToken enough, bool isPlain = false)
        {
            var client = await RawClient.ConnectAsync(node);
            Assert.Equal(101, await client.RequestAsync("/ws/" + room, [.. RawClient.Upgrade, "X-Forwarded-For: " + Hostile, .. isPlain ? [] : FullProtocol]));
            if (!isPlain)
            {
                await client.SendTextAsync("""{"type":"join"}""");
            }

            var flood = new Flood();
            flood.Ended = Task.WhenAll(PushAsync(client, bytes, enough), flood.ReadAllAsync(client, enough));
            return flood;
        }

        private async Task ReadAllAsync(RawClient client, CancellationToken enough)
        {
            using var _ = client;
            using var __ = enough.Register(client.Dispose);
            try
            {
                while (await client.ReadAsync() is var (frame, _))
                {
                    if (frame.OpCode == Pong || IsAnswer(frame.Payload))
                    {
                        Interlocked.Increment(ref _answers);
                    }
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                // That is how it ends.
            }
        }

        private static bool IsAnswer(byte[] payload) =>
            Encoding.UTF8.GetString(payload) is var text && Kinds.Any(kind => text.Contains($"\"type\":\"{kind}\"", StringComparison.Ordinal));
    }
}
