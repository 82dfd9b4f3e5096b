using System.IO.Compression;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Danmaku.Node.Tests.Support;

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

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: danmaku.v1.json", "permessage-deflate; client_max_window_bits", true)]
    [InlineData("Sec-WebSocket-Protocol: danmaku.v1.json", "permessage-deflate; server_max_window_bits=9", false)]
    [InlineData("X-Nothing: 1", "permessage-deflate", false)]
    public async Task It_is_agreed_on_for_batches_only(string format, string offer, bool agreed)
    {
        using var client = await RawClient.ConnectAsync(_node.Url);

        await client.RequestAsync("/ws/lobby", [.. RawClient.Upgrade, format, $"Sec-WebSocket-Extensions: {offer}"]);

        Assert.Equal(
            agreed ? "permessage-deflate; server_no_context_takeover; client_no_context_takeover" : null,
            client.Headers.GetValueOrDefault("sec-websocket-extensions"));
    }

    private async Task<ClientWebSocket> ConnectAsync()
    {
        var client = new ClientWebSocket();
        client.Options.AddSubProtocol("danmaku.v1.json");
        client.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        await client.ConnectAsync(new Uri(_node.Url.ToString().Replace("http", "ws", StringComparison.Ordinal) + "ws/lobby"), CancellationToken.None);
        await SendAsync(client, """{"type":"join"}""");
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
