using Danmaku.Node.Tests.Support;
using Danmaku.WebSockets.Kestrel;

namespace Danmaku.Node.Tests;

public sealed class HandshakeTests(HandshakeTests.Shared shared) : IClassFixture<HandshakeTests.Shared>, IDisposable
{
    private readonly TestNode _node = shared.Node;

    public void Dispose() => _node.AssertNoErrors();

    [Fact]
    public void The_key_of_the_RFC_gives_its_accept_value() =>
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", OpeningHandshake.Accept("dGhlIHNhbXBsZSBub25jZQ=="));

    [Theory]
    [InlineData("/")]
    [InlineData("/websocket")]
    [InlineData("/ws/lobby")]
    [InlineData("/echo")]
    public async Task A_good_handshake_is_accepted(string path)
    {
        using var client = await RawClient.UpgradeAsync(_node.Url, path);

        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", client.Headers["sec-websocket-accept"]);
        Assert.Equal("websocket", client.Headers["upgrade"]);
        Assert.Equal("Upgrade", client.Headers["connection"]);
        Assert.DoesNotContain("sec-websocket-protocol", client.Headers);
        Assert.DoesNotContain("server", client.Headers);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: danmaku.v1.json", "danmaku.v1.json")]
    [InlineData("Sec-WebSocket-Protocol: soap,  danmaku.v1.json", "danmaku.v1.json")]
    [InlineData("Sec-WebSocket-Protocol: soap\r\nSec-WebSocket-Protocol: danmaku.v1.json", "danmaku.v1.json")]
    [InlineData("Sec-WebSocket-Protocol: soap", null)]
    [InlineData("Sec-WebSocket-Protocol: DANMAKU.V1.JSON", null)]
    public async Task The_first_known_format_is_selected(string header, string? selected)
    {
        using var client = await RawClient.ConnectAsync(_node.Url);

        Assert.Equal(101, await client.RequestAsync("/ws/lobby", [.. RawClient.Upgrade, header]));

        Assert.Equal(selected, client.Headers.GetValueOrDefault("sec-websocket-protocol"));
    }

    [Theory]
    [InlineData("Connection: keep-alive, UPGRADE", "Upgrade: WebSocket", 101)]
    [InlineData("Connection: keep-alive", "Upgrade: websocket", 426)]
    [InlineData("Connection: Upgrade", "Upgrade: h2c", 426)]
    [InlineData("Accept: */*", "Accept-Language: en", 426)]
    public async Task An_upgrade_takes_both_headers(string connection, string upgrade, int status)
    {
        using var client = await RawClient.ConnectAsync(_node.Url);

        Assert.Equal(status, await client.RequestAsync("/ws/lobby", [connection, upgrade, RawClient.Upgrade[2], RawClient.Upgrade[3]]));
    }

    [Theory]
    [InlineData("/ws/lobby", "12")]
    [InlineData("/ws/lobby", "")]
    [InlineData("/echo", "13, 14")]
    [InlineData("/", "8")]
    public async Task Another_version_is_told_which_one_is_spoken(string path, string version)
    {
        using var client = await RawClient.ConnectAsync(_node.Url);

        var status = await client.RequestAsync(path, [.. RawClient.Upgrade.Take(2), "Sec-WebSocket-Version: " + version, RawClient.Upgrade[3]]);

        Assert.Equal((426, "13"), (status, client.Headers["sec-websocket-version"]));
    }

    [Theory]
    [InlineData("Sec-WebSocket-Key: ")]
    [InlineData("Sec-WebSocket-Key: c2hvcnQ=")]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSB0b28gbG9uZw==")]
    [InlineData("Sec-WebSocket-Key: !!!!IHNhbXBsZSBub25jZQ==")]
    [InlineData("X: y")]
    public async Task A_broken_key_is_a_bad_request(string key)
    {
        using var client = await RawClient.ConnectAsync(_node.Url);

        Assert.Equal(400, await client.RequestAsync("/ws/lobby", [.. RawClient.Upgrade.Take(3), key]));
    }

    [Theory]
    [InlineData("/ws/Lobby")]
    [InlineData("/ws/a.b")]
    [InlineData("/ws/%E5%BC%B9")]
    [InlineData("/ws/a%2Fb")]
    [InlineData("/ws/01234567890123456789012345678901234567890123456789012345678901234")]
    public async Task A_bad_room_name_is_a_bad_request(string path)
    {
        using var client = await RawClient.ConnectAsync(_node.Url);

        Assert.Equal(400, await client.RequestAsync(path, RawClient.Upgrade));
    }

    [Theory]
    [InlineData("Origin: https://a.example", 101)]
    [InlineData("Origin: HTTPS://A.EXAMPLE", 101)]
    [InlineData("Origin: null", 101)]
    [InlineData("Origin: https://b.example", 403)]
    [InlineData("X: not a browser", 101)]
    public async Task Only_pages_of_allowed_origins_may_connect(string origin, int status)
    {
        using var client = await RawClient.ConnectAsync(_node.Url);

        Assert.Equal(status, await client.RequestAsync("/ws/lobby", [.. RawClient.Upgrade, origin]));
    }

    [Fact]
    public async Task One_address_has_a_limited_number_of_connections()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Connection:ConnectionsPerAddress=2");
        using var one = await RawClient.UpgradeAsync(node.Url, "/ws/a");
        using (await RawClient.UpgradeAsync(node.Url, "/echo"))
        {
            using var three = await RawClient.ConnectAsync(node.Url);
            Assert.Equal(429, await three.RequestAsync("/ws/a", RawClient.Upgrade));
            Assert.Contains("retry-after", three.Headers);
        }

        await Danmaku.Testing.Eventually.TrueAsync(async () =>
        {
            using var again = await RawClient.ConnectAsync(node.Url);
            return await again.RequestAsync("/ws/a", RawClient.Upgrade) == 101;
        });
    }

    [Fact]
    public async Task A_node_that_is_no_edge_takes_no_viewers()
    {
        await using var origin = await TestNode.StartAsync("--Danmaku:Roles=origin");
        using var client = await RawClient.ConnectAsync(origin.Url);

        Assert.Equal(503, await client.RequestAsync("/ws/lobby", RawClient.Upgrade));
        Assert.Contains("retry-after", client.Headers);
    }

    [Fact]
    public async Task A_full_node_takes_no_more_viewers()
    {
        await using var small = await TestNode.StartAsync("--Danmaku:Connection:MaxConnections=1");
        using var first = await RawClient.UpgradeAsync(small.Url, "/echo");
        using var second = await RawClient.ConnectAsync(small.Url);

        Assert.Equal(503, await second.RequestAsync("/ws/lobby", RawClient.Upgrade));
    }

    [Fact]
    public async Task A_storm_of_handshakes_is_flattened_and_refused_clients_are_told_when_to_come_back()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Connection:ConnectsPerSecond=10");
        var clients = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => RawClient.ConnectAsync(node.Url)));
        var start = TimeProvider.System.GetTimestamp();

        var statuses = await Task.WhenAll(clients.Select(client => client.RequestAsync("/ws/lobby", RawClient.Upgrade)));

        var accepted = statuses.Count(status => status == 101);
        Assert.InRange(accepted, 10, 11 + 10 * TimeProvider.System.GetElapsedTime(start).TotalSeconds);
        Assert.Equal(200 - accepted, statuses.Count(status => status == 503));
        var waits = clients.Where(client => client.Headers.ContainsKey("retry-after"))
            .Select(client => int.Parse(client.Headers["retry-after"], System.Globalization.CultureInfo.InvariantCulture))
            .ToArray();
        Assert.Equal(200 - accepted, waits.Length);
        Assert.All(waits, wait => Assert.InRange(wait, 1, 30));
        Assert.InRange(waits.Distinct().Count(), 10, 30);
        Assert.Equal(200 - accepted, await node.MetricAsync("danmaku_connects_refused_total", "reason=\"rate\""));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task Without_a_limit_all_come_in_at_once()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Connection:ConnectsPerSecond=0");

        var clients = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => RawClient.UpgradeAsync(node.Url, "/ws/lobby")));

        Array.ForEach(clients, client => client.Dispose());
    }

    public sealed class Shared() : SharedNode("--Danmaku:AllowedOrigins=https://a.example, null");
}
