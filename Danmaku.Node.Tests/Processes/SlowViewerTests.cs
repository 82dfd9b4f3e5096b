using System.Globalization;
using System.Net;
using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Xunit.Abstractions;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Viewers that do not read, in a busy room of a node that is a process of its own.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class SlowViewerTests(ITestOutputHelper output) : IDisposable
{
    private const int Slow = 200;

    /// <summary>Of the process. Far less than each could hold alone, since what waits for them is the same.</summary>
    private const int MostBytesEach = 400 * 1024;

    /// <summary>Of the system, which by itself would take in 3.8 MiB; the other end and everybody else on this machine count as well.</summary>
    private const int MostSystemBytesEach = 1024 * 1024;

    /// <summary>Several times what fits into an outbox.</summary>
    private const int Posts = 1500;

    private static readonly string Text = new('弹', 1000);

    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;

    [SkippableFact]
    public async Task Viewers_that_do_not_read_use_bounded_memory_and_are_told_what_they_skipped()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "What the system holds is read from /proc.");
        await using var node = await StartAsync("Danmaku:Connection:TooSlowAfter=00:10:00", "Danmaku:Connection:Silence=01:00:00");
        var (poster, _) = await TestViewer.JoinAsync(node.Url, "busy", new { type = "join", history = 0 });
        using var __ = poster;
        await FloodAsync(poster, Posts);
        var (before, systemBefore) = (node.ResidentBytes, SystemBytes());

        var viewers = await Task.WhenAll(Enumerable.Range(0, Slow).Select(_ => ConnectAsync(node, "danmaku.v1.json")));
        await Task.WhenAll(viewers.Select(viewer => viewer.SendTextAsync("""{"type":"join","history":0}""")));
        var start = (await ReadAsync(viewers[0], "welcome")).GetProperty("position").GetProperty("offset").GetInt64();
        await FloodAsync(poster, Posts);

        var (each, systemEach) = ((node.ResidentBytes - before) / Slow, (SystemBytes() - systemBefore) / Slow);
        output.WriteLine($"{each / 1024} KiB of the process and {systemEach / 1024} KiB of the system for each of {Slow} viewers");
        Assert.True(each < MostBytesEach, $"{each} bytes each");
        Assert.True(systemEach < MostSystemBytesEach, $"{systemEach} bytes of the system each");
        await HeardAllAsync(viewers[0], start, 2 * Posts);
        Array.ForEach(viewers, viewer => viewer.Dispose());
        Assert.Equal(0, await node.StopAsync());
    }

    [Fact]
    public async Task A_viewer_that_stays_slow_is_closed_and_no_other_viewer_notices()
    {
        await using var node = await StartAsync("Danmaku:Connection:TooSlowAfter=00:00:01", "Danmaku:Connection:OutboxBytes=524288");
        var (poster, _) = await TestViewer.JoinAsync(node.Url, "busy");
        using var __ = poster;
        using var json = await ConnectAsync(node, "danmaku.v1.json");
        await json.SendTextAsync("""{"type":"join"}""");
        await ReadAsync(json, "welcome");
        using var plain = await ConnectAsync(node, null);

        await FloodAsync(poster, 300);
        await Eventually.TrueAsync(async () => (await node.Operators.GetStringAsync("/metrics")).Split('\n').Any(line =>
            line.StartsWith("danmaku_closes_total", StringComparison.Ordinal) && line.Contains("code=\"1013\"} 2", StringComparison.Ordinal)));

        Assert.Equal((1013, "too slow"), await json.ReadCloseAsync());
        await FloodAsync(poster, 10);
        Assert.Equal(0, await node.StopAsync());
        Assert.Empty(node.TakeErrors());
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private async Task<NodeProcess> StartAsync(params string[] settings)
    {
        var node = new NodeProcess("alone", new UriBuilder("http", "127.0.0.1", Ports.Free(IPAddress.Loopback)).Uri,
        [
            "Danmaku:DataDirectory=" + _data, "Danmaku:Connection:MaxMessageBytes=8192", "Danmaku:Room:MaxTextChars=1000",
            "Danmaku:Connection:PostsPerSecond=0", "Danmaku:Room:PostsPerSecond=0", "Danmaku:Connection:MessagesPerSecond=0",
            "Danmaku:Connection:MessagesPerSecondPerAddress=0", "Danmaku:Connection:PostsPerSecondPerAddress=0", .. settings,
        ]);
        await Eventually.TrueAsync(node.IsReadyAsync, TimeSpan.FromSeconds(60));
        return node;
    }

    /// <summary>A viewer that takes in next to nothing while it does not read.</summary>
    private static Task<RawClient> ConnectAsync(NodeProcess node, string? subprotocol) =>
        RawClient.UpgradeAsync(node.Url, "/ws/busy", subprotocol, receiveBuffer: 4096);

    /// <summary>Posts as fast as the poster itself sees it.</summary>
    /// <param name="posts">A multiple of ten.</param>
    private static async Task FloodAsync(TestViewer poster, int posts)
    {
        for (var i = 0; i < posts; i += 10)
        {
            for (var j = 0; j < 10; j++)
            {
                await poster.PostAsync(Text);
            }

            await poster.WatchAsync(10);
        }
    }

    /// <summary>Reads on until every offset was delivered or skipped, once and in order, and some were skipped.</summary>
    private static async Task HeardAllAsync(RawClient viewer, long start, long end)
    {
        var (head, skipped) = (start, 0L);
        while (head < end)
        {
            var message = JsonElement.Parse(await viewer.ReadTextAsync());
            switch (message.GetProperty("type").GetString())
            {
                case "batch":
                    Assert.Equal(head + 1, message.GetProperty("offset").GetInt64());
                    head += message.GetProperty("comments").GetArrayLength();
                    break;
                case "skipped":
                    Assert.Equal(head + 1, message.GetProperty("from").GetInt64());
                    skipped += message.GetProperty("count").GetInt64();
                    Assert.Equal(head + message.GetProperty("count").GetInt64(), head = message.GetProperty("through").GetInt64());
                    break;
            }
        }

        Assert.InRange(skipped, 1, end - start);
    }

    private static async Task<JsonElement> ReadAsync(RawClient viewer, string type)
    {
        while (true)
        {
            var message = JsonElement.Parse(await viewer.ReadTextAsync());
            if (message.GetProperty("type").GetString() == type)
            {
                return message;
            }
        }
    }

    /// <summary>What TCP holds for all connections of this machine, both ends of each.</summary>
    private static long SystemBytes() => File.ReadLines("/proc/net/sockstat")
        .Where(line => line.StartsWith("TCP:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture) * Environment.SystemPageSize)
        .Single();
}
