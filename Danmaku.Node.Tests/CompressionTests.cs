using System.IO.Compression;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.Node.Tests;

public sealed class CompressionTests : IAsyncLifetime
{
    private const string Long = "弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕弹幕";

    private TestNode _node = null!;

    public async Task InitializeAsync() => _node = await TestNode.StartAsync("--Danmaku:Connection:PostBurst=100");

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task A_client_that_compresses_posts_and_reads_what_others_post()
    {
        using var client = await ConnectAsync();

        for (var i = 0; i < 10; i++)
        {
            await SendAsync(client, $$"""{"type":"post","id":"{{i:d32}}","text":"{{i}}{{Long}}"}""");
        }

        // A second one gets all ten as history, in one batch that is worth compressing.
        var live = await ReadTextsAsync(client, 10);
        using var late = await ConnectAsync();
        var history = await ReadTextsAsync(late, 10);

        Assert.Equal([.. Enumerable.Range(0, 10).Select(i => $"{i}{Long}")], live);
        Assert.Equal(live, history);
    }

    [Fact]
    public async Task A_message_that_inflates_beyond_the_limit_is_too_big()
    {
        using var client = await ConnectAsync();

        await SendAsync(client, $$"""{"type":"post","id":"{{1:d32}}","text":"{{new string('a', 10_000_000)}}"}""");

        while ((await ReadAsync(client)).Type != WebSocketMessageType.Close)
        {
        }

        Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.CloseStatus);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_may_end_in_a_final_block(bool hasByteAfterIt)
    {
        using var client = await RawClient.ConnectAsync(_node.Url);
        Assert.Equal(101, await client.RequestAsync(
            "/ws/lobby", [.. RawClient.Upgrade, "Sec-WebSocket-Protocol: danmaku.v1.json", "Sec-WebSocket-Extensions: permessage-deflate"]));
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write("""{"type":"join"}"""u8);
        }

        await client.SendAsync(1 | 0x40, [.. packed.ToArray(), .. hasByteAfterIt ? new byte[1] : []]);

        Assert.Equal("welcome", JsonElement.Parse(await client.ReadTextAsync()).GetProperty("type").GetString());
    }

    [Fact]
    public async Task Echo_answers_compressed_what_gets_shorter_by_it()
    {
        using var client = await RawClient.ConnectAsync(_node.Url);
        await client.RequestAsync("/echo", [.. RawClient.Upgrade, "Sec-WebSocket-Extensions: permessage-deflate"]);

        // The first one is the example of RFC 7692 §7.2.3.1.
        await client.SendAsync(1 | 0x40, Convert.FromHexString("f248cdc9c90700"));
        await client.SendTextAsync("Hello Hello Hello Hello");
        var same = (await client.ReadFrameAsync())!;
        var shorter = (await client.ReadFrameAsync())!;

        Assert.Equal("I got your message: Hello", Encoding.UTF8.GetString(same.AsSpan(2)));
        Assert.Equal(0x81, same[0]);
        Assert.Equal("I got your message: Hello Hello Hello Hello", Encoding.UTF8.GetString(Deflated.Inflate([.. shorter[2..], 0, 0, 0xff, 0xff])));
        Assert.Equal(0xc1, shorter[0]);
    }

    [Fact]
    public async Task Echo_refuses_a_compressed_message_if_none_was_negotiated()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Connection:Compression=false");
        using var client = await RawClient.ConnectAsync(node.Url);
        await client.RequestAsync("/echo", [.. RawClient.Upgrade, "Sec-WebSocket-Extensions: permessage-deflate"]);

        await client.SendTextAsync("Hello Hello Hello Hello");
        await client.SendAsync(1 | 0x40, Convert.FromHexString("f248cdc9c90700"));

        Assert.False(client.Headers.ContainsKey("sec-websocket-extensions"));
        Assert.Equal("I got your message: Hello Hello Hello Hello", await client.ReadTextAsync());
        Assert.Equal((1002, "protocol error"), await client.ReadCloseAsync());
    }

    [Fact]
    public async Task A_message_that_inflates_beyond_the_limit_is_too_big_for_echo_too()
    {
        using var client = await ConnectAsync("echo", null);

        await SendAsync(client, new string('a', 4096));
        await SendAsync(client, new string('a', 10_000_000));

        Assert.Equal("I got your message: " + new string('a', 4096), (await ReadAsync(client)).Text);
        Assert.Equal(WebSocketMessageType.Close, (await ReadAsync(client)).Type);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.CloseStatus);
    }

    [Theory]
    [InlineData("/ws/lobby", "Sec-WebSocket-Protocol: danmaku.v1.json", "permessage-deflate; client_max_window_bits", true)]
    [InlineData("/ws/lobby", "Sec-WebSocket-Protocol: danmaku.v1.json", "permessage-deflate; server_max_window_bits=9", false)]
    [InlineData("/ws/lobby", "X-Nothing: 1", "permessage-deflate", false)]
    [InlineData("/echo", "X-Nothing: 1", "permessage-deflate; client_max_window_bits", true)]
    [InlineData("/echo", "X-Nothing: 1", "permessage-deflate; server_max_window_bits=9", false)]
    [InlineData("/echo", "X-Nothing: 1", "x-nothing", false)]
    public async Task It_is_agreed_on_for_batches_and_for_echo(string path, string format, string offer, bool agreed)
    {
        using var client = await RawClient.ConnectAsync(_node.Url);

        await client.RequestAsync(path, [.. RawClient.Upgrade, format, $"Sec-WebSocket-Extensions: {offer}"]);

        Assert.Equal(
            agreed ? "permessage-deflate; server_no_context_takeover; client_no_context_takeover" : null,
            client.Headers.GetValueOrDefault("sec-websocket-extensions"));
    }

    private async Task<ClientWebSocket> ConnectAsync()
    {
        var client = await ConnectAsync("ws/lobby", "danmaku.v1.json");
        await SendAsync(client, """{"type":"join"}""");
        return client;
    }

    private async Task<ClientWebSocket> ConnectAsync(string path, string? subprotocol)
    {
        var client = new ClientWebSocket();
        if (subprotocol is not null)
        {
            client.Options.AddSubProtocol(subprotocol);
        }

        client.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        await client.ConnectAsync(new Uri(_node.Url.ToString().Replace("http", "ws", StringComparison.Ordinal) + path), CancellationToken.None);
        return client;
    }

    private static Task SendAsync(ClientWebSocket client, string text) =>
        client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);

    private static async Task<List<string>> ReadTextsAsync(ClientWebSocket client, int count)
    {
        var texts = new List<string>();
        while (texts.Count < count)
        {
            var message = JsonElement.Parse((await ReadAsync(client)).Text);
            if (message.GetProperty("type").GetString() == "batch")
            {
                texts.AddRange(message.GetProperty("comments").EnumerateArray().Select(comment => comment.GetProperty("text").GetString()!));
            }
        }

        return texts;
    }

    private static async Task<(WebSocketMessageType Type, string Text)> ReadAsync(ClientWebSocket client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var message = new MemoryStream();
        var buffer = new byte[8192];
        while (true)
        {
            var part = await client.ReceiveAsync(buffer, limit.Token);
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                return (part.MessageType, Encoding.UTF8.GetString(message.ToArray()));
            }
        }
    }
}
