using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>What every WebSocket here does whatever it is for; seen through <c>/echo</c>, over the transport of the system's default.</summary>
public sealed class EchoTests(EchoTests.Shared shared) : EchoTestsBase(shared), IClassFixture<EchoTests.Shared>
{
    public sealed class Shared() : SharedNode(Settings);
}

/// <summary>The same over the HTTP server's own transport.</summary>
public sealed class EchoOverSocketsTests(EchoOverSocketsTests.Shared shared) : EchoTestsBase(shared), IClassFixture<EchoOverSocketsTests.Shared>
{
    public sealed class Shared() : SharedNode([.. Settings, "--Danmaku:Transport=sockets"]);
}

public abstract class EchoTestsBase(SharedNode shared) : IDisposable
{
    internal static readonly string[] Settings = ["--Danmaku:Connection:MaxMessageBytes=70000", "--Danmaku:Connection:CloseTimeout=00:00:03"];

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(3);

    /// <summary>How often the node looks for those who take too long.</summary>
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    private readonly TestNode _node = shared.Node;

    public void Dispose()
    {
        _node.AssertNoErrors();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_text_comes_back()
    {
        using var viewer = await TestViewer.PlainAsync(_node.Url, "/echo");

        await viewer.SendAsync("弹幕!");
        await viewer.SendAsync("");

        Assert.Equal("I got your message: 弹幕!", await viewer.ReadAsync());
        Assert.Equal("I got your message: ", await viewer.ReadAsync());
    }

    [Theory]
    [InlineData(105, "817d")]
    [InlineData(106, "817e007e")]
    [InlineData(65515, "817effff")]
    [InlineData(65516, "817f0000000000010000")]
    public async Task Frames_have_the_shortest_header(int length, string header)
    {
        using var viewer = await RawClient.UpgradeAsync(_node.Url, "/echo");

        // Two fragments, since the client's frames have at most 65,535 bytes.
        await viewer.SendAsync(1, new string('a', length / 2).Select(c => (byte)c).ToArray(), final: false);
        await viewer.SendAsync(0, new string('a', length - length / 2).Select(c => (byte)c).ToArray());
        var (frame, bytes) = (await viewer.ReadAsync())!.Value;

        Assert.Equal(header, Convert.ToHexStringLower(bytes.AsSpan(0, header.Length / 2)));
        Assert.Equal(length + 20, frame.Payload.Length);
    }

    [Fact]
    public async Task Fragments_with_a_Ping_between_them_are_one_message()
    {
        using var viewer = await RawClient.UpgradeAsync(_node.Url, "/echo");
        var text = "弹幕"u8.ToArray();

        await viewer.SendAsync(1, text[..2], final: false);
        await viewer.SendAsync(9, [1, 2, 3]);
        await viewer.SendAsync(0, text[2..], final: false);
        await viewer.SendAsync(0, []);

        var pong = (await viewer.ReadAsync())!.Value.Frame;
        Assert.Equal(10, pong.OpCode);
        Assert.Equal([1, 2, 3], pong.Payload);
        Assert.Equal("I got your message: 弹幕", await viewer.ReadTextAsync());
    }

    [Fact]
    public async Task A_handshake_and_its_first_message_may_come_together()
    {
        using var viewer = await RawClient.ConnectAsync(_node.Url);
        var request = "GET /echo HTTP/1.1\r\nHost: test\r\n" + string.Concat(RawClient.Upgrade.Select(header => header + "\r\n")) + "\r\n";

        await viewer.SendBytesAsync([.. request.Select(c => (byte)c), .. RawClient.Frame(1, "early"u8.ToArray())]);

        Assert.Equal(101, await viewer.ReadHeadAsync());
        Assert.Equal("I got your message: early", await viewer.ReadTextAsync());
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(3999)]
    public async Task The_clients_Close_is_answered_with_its_code(int code)
    {
        using var viewer = await RawClient.UpgradeAsync(_node.Url, "/echo");

        await viewer.SendAsync(8, [(byte)(code >> 8), (byte)code, (byte)'x']);

        Assert.Equal((code, ""), await viewer.ReadCloseAsync());
        Assert.Null(await viewer.ReadAsync());
    }

    [Fact]
    public async Task A_Close_without_a_code_is_answered_as_an_ordinary_one()
    {
        using var viewer = await RawClient.UpgradeAsync(_node.Url, "/echo");

        await viewer.SendAsync(8, []);

        Assert.Equal((1000, ""), await viewer.ReadCloseAsync());
        Assert.Null(await viewer.ReadAsync());
    }

    public static TheoryData<string, byte[]> Violations => new()
    {
        { "unmasked", RawClient.Frame(1, [65], masked: false) },
        { "unknown opcode", RawClient.Frame(3, []) },
        { "unknown control opcode", RawClient.Frame(11, []) },
        { "reserved bit", [.. RawClient.Frame(1 | 0x40, [65])] },
        { "fragmented Ping", RawClient.Frame(9, [], final: false) },
        { "Ping of 126 bytes", RawClient.Frame(9, new byte[126]) },
        { "continuation of nothing", RawClient.Frame(0, [65]) },
        { "message within a message", [.. RawClient.Frame(1, [65], final: false), .. RawClient.Frame(1, [65])] },
        { "Close with one byte", RawClient.Frame(8, [3]) },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task A_client_that_breaks_the_RFC_is_closed_with_1002(string what, byte[] bytes)
    {
        using var viewer = await RawClient.UpgradeAsync(_node.Url, "/echo");

        await viewer.SendBytesAsync(bytes);

        Assert.True((1002, "protocol error") == await viewer.ReadCloseAsync(), what);
    }

    [Fact]
    public async Task Bytes_that_are_not_text_are_closed_with_1003()
    {
        using var viewer = await RawClient.UpgradeAsync(_node.Url, "/echo");

        await viewer.SendAsync(2, [1, 2, 3]);

        Assert.Equal((1003, "text messages only"), await viewer.ReadCloseAsync());
    }

    [Theory]
    [InlineData(new byte[] { 0xff })]
    [InlineData(new byte[] { 0xe5, 0xbc })]
    [InlineData(new byte[] { 0xed, 0xa0, 0x80 })]
    [InlineData(new byte[] { 0xc0, 0xaf })]
    public async Task Text_that_is_not_UTF8_is_closed_with_1007(byte[] text)
    {
        using var viewer = await RawClient.UpgradeAsync(_node.Url, "/echo");

        await viewer.SendAsync(1, text);

        Assert.Equal((1007, "invalid utf-8"), await viewer.ReadCloseAsync());
    }

    [Fact]
    public async Task A_message_over_the_limit_is_closed_with_1009_and_one_at_the_limit_is_not()
    {
        await using var node = await TestNode.StartAsync();
        using var viewer = await RawClient.UpgradeAsync(node.Url, "/echo");

        await viewer.SendTextAsync(new string('a', 8192));
        await viewer.SendTextAsync(new string('a', 8193));

        Assert.Equal(8192 + 20, (await viewer.ReadTextAsync()).Length);
        Assert.Equal((1009, "message too big"), await viewer.ReadCloseAsync());
    }

    [Fact]
    public async Task Fragments_over_the_limit_are_closed_with_1009_before_they_end()
    {
        await using var node = await TestNode.StartAsync();
        using var viewer = await RawClient.UpgradeAsync(node.Url, "/echo");

        await viewer.SendAsync(1, new byte[8000], final: false);
        await viewer.SendAsync(0, new byte[193], final: false);

        Assert.Equal((1009, "message too big"), await viewer.ReadCloseAsync());
    }

    [Fact]
    public async Task After_its_Close_the_server_sends_nothing_and_waits_for_the_clients()
    {
        using var viewer = await RawClient.UpgradeAsync(_node.Url, "/echo");

        await viewer.SendAsync(2, []);
        await viewer.SendTextAsync("too late");
        await viewer.SendAsync(9, []);

        Assert.Equal(1003, (await viewer.ReadCloseAsync()).Code);
        await viewer.SendAsync(8, [3, 0xe8]);
        Assert.Null(await viewer.ReadAsync());
    }

    [Fact]
    public async Task A_client_that_does_not_answer_a_Close_is_cut_off()
    {
        using var viewer = await RawClient.UpgradeAsync(_node.Url, "/echo");
        var start = TimeProvider.System.GetTimestamp();

        await viewer.SendAsync(2, []);

        Assert.Equal(1003, (await viewer.ReadCloseAsync()).Code);
        Assert.Null(await viewer.ReadAsync());
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), CloseTimeout - Sweep, CloseTimeout + Sweep);
    }

    /// <param name="isFirst">Else the handshake is not the first request of its connection, and frames go through the HTTP server.</param>
    [Theory]
    [InlineData("text messages only", true)]
    [InlineData("text messages only", false)]
    [InlineData("protocol error", true)]
    [InlineData("protocol error", false)]
    [InlineData("message too big", true)]
    [InlineData("message too big", false)]
    public async Task A_client_that_answers_a_Close_is_disconnected_at_once(string reason, bool isFirst)
    {
        using var viewer = await UpgradeAsync(isFirst);
        var start = TimeProvider.System.GetTimestamp();

        await viewer.SendBytesAsync(reason switch
        {
            "text messages only" => RawClient.Frame(2, [1, 2, 3]),
            "protocol error" => RawClient.Frame(1, [1, 2, 3], masked: false),
            _ => [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x71, 1, 2, 3, 4, .. new byte[70_001]],
        });
        await viewer.SendTextAsync("too late");

        Assert.StartsWith(reason, (await viewer.ReadCloseAsync()).Text, StringComparison.Ordinal);
        await viewer.SendAsync(8, [3, 0xe8]);
        Assert.Null(await viewer.ReadAsync());
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, CloseTimeout - Sweep);
    }

    public static TheoryData<string, byte[], int> Beginnings => new()
    {
        { "a reserved bit", [0xd1], 1002 },
        { "no mask", [0x81, 0x05], 1002 },
        { "a length over the limit", [0x81, 0xff, 0, 0, 0, 0, 1], 1009 },
        { "a length that is too long", [0x81, 0xfe, 0, 125], 1002 },
        { "a byte that is no UTF-8", [0x81, 0xfe, 0x40, 0, 0, 0, 0, 0, 0xff], 1007 },
        { "half a character and no other half", [0x01, 0x81, 0, 0, 0, 0, 0xe5, 0x80, 0x81, 0, 0, 0, 0, 0x41], 1007 },
    };

    [Theory]
    [MemberData(nameof(Beginnings))]
    public async Task An_invalid_frame_is_refused_before_the_rest_comes(string what, byte[] bytes, int code)
    {
        foreach (var isFirst in (bool[])[true, false])
        {
            using var viewer = await UpgradeAsync(isFirst);

            await viewer.SendBytesAsync(bytes);

            Assert.True(code == (await viewer.ReadCloseAsync()).Code, what);
        }
    }

    private async Task<RawClient> UpgradeAsync(bool isFirst)
    {
        var client = await RawClient.ConnectAsync(_node.Url);
        if (!isFirst)
        {
            Assert.Equal(200, await client.RequestAsync("/health/live", [], "HEAD"));
        }

        Assert.Equal(101, await client.RequestAsync("/echo", RawClient.Upgrade));
        return client;
    }
}
