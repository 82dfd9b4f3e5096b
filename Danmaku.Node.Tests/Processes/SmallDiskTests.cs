using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Danmaku.HttpCache.Tests;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>A node whose rooms and whose cache share a disk that is too small for the cache, or that others fill.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class SmallDiskTests : IDisposable
{
    private const int ObjectBytes = 1_000_000;
    private const long Size = 16 * 1024 * 1024;
    private const long Share = Size / 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly Uri _url = new($"http://127.0.0.1:{Ports.Free(IPAddress.Loopback)}");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task The_cache_leaves_disk_space_for_the_store()
    {
        Skip.If(SmallDisk.WhyNot is not null, NotInstalled.DiskOfItsOwn);
        await using var disk = await SmallDisk.MountAsync(_folder, Size);
        await using var origin = await FakeOrigin.StartAsync(new string('x', ObjectBytes), ("Cache-Control", "max-age=600"));
        List<string> rooms = [];
        await using (var node = await StartAsync(disk, CacheOf(origin)))
        {
            for (var i = 1; i <= 40; i++)
            {
                Assert.Equal(ObjectBytes, (await node.Http.GetByteArrayAsync($"/media/{i}")).Length);
                rooms.Add($"room-{i}");
                Assert.True(await IsDurableAsync(node, rooms[^1]), $"after {i} objects");
                Assert.True(await IsDurableAsync(node, rooms[0]), $"after {i} objects");
            }

            await Eventually.TrueAsync(() => disk.Free >= Share, Patience);
            Assert.True(await node.MetricAsync("danmaku_cache_bytes", "tier=\"disk\"") > 5 * ObjectBytes);
            Assert.Contains("disk", await LookupsAsync(node, Enumerable.Range(30, 10).Reverse()));
            Assert.DoesNotContain(node.Log, line => line.Contains("cannot use its disk", StringComparison.Ordinal));
            node.Kill();
            await node.EndAsync();
        }

        await using var again = await StartAsync(disk, CacheOf(origin));
        Assert.Equal(41, await CountAsync(rooms[0]));
        Assert.All(await Task.WhenAll(rooms.Skip(1).Select(CountAsync)), count => Assert.Equal(1, count));
    }

    [SkippableFact]
    public async Task A_commit_that_finds_the_disk_full_makes_the_cache_delete_files()
    {
        Skip.If(SmallDisk.WhyNot is not null, NotInstalled.DiskOfItsOwn);
        await using var disk = await SmallDisk.MountAsync(_folder, Size);
        await using var origin = await FakeOrigin.StartAsync(new string('x', ObjectBytes), ("Cache-Control", "max-age=600"));
        await using var node = await StartAsync(disk, [.. CacheOf(origin), "Danmaku:Cache:DiskFree=0"]);
        var (viewer, _) = await TestViewer.JoinAsync(_url, "kept");
        using var __ = viewer;
        var durable = new HashSet<string>();

        // The cache fills the disk to the brim again and again, and the store grows.
        for (var i = 0; !node.Log.Any(line => line.Contains("The store found the disk full", StringComparison.Ordinal)); i++)
        {
            Assert.True(i < 200, "the disk was never full");
            await node.Http.GetByteArrayAsync($"/media/{i}");
            for (var post = 0; post < 10; post++)
            {
                Assert.True(await PostAsync(viewer, new string('x', 1000), durable), $"after {i} objects");
            }
        }

        Assert.True(await IsDurableAsync(node, "opened-late"));
    }

    [SkippableFact]
    public async Task A_filling_disk_causes_a_warning_and_after_it_is_freed_the_store_is_back_complete()
    {
        Skip.If(SmallDisk.WhyNot is not null, NotInstalled.DiskOfItsOwn);
        await using var disk = await SmallDisk.MountAsync(_folder, Size);
        await using var origin = await FakeOrigin.StartAsync(new string('x', ObjectBytes), ("Cache-Control", "max-age=600"));
        var durable = new HashSet<string>();
        JsonElement start;
        await using (var node = await StartAsync(disk, CacheOf(origin)))
        {
            var (viewer, welcome) = await TestViewer.JoinAsync(_url, "kept");
            using var _ = viewer;
            start = welcome.GetProperty("position");
            for (var i = 1; i <= 8; i++)
            {
                await node.Http.GetByteArrayAsync($"/media/{i}");
            }

            await Eventually.TrueAsync(async () => await node.MetricAsync("danmaku_cache_bytes", "tier=\"disk\"") > 7 * ObjectBytes, Patience);
            Assert.True(await PostAsync(viewer, "before", durable));
            Assert.Equal("ready", await node.Http.GetStringAsync("/health/ready"));

            // Others take more than what is free, and the cache gives back no more than it must.
            disk.FillUp(leave: Share / 2);
            await Eventually.TrueAsync(() => disk.Free >= Share, Patience);
            Assert.True(await node.MetricAsync("danmaku_cache_bytes", "tier=\"disk\"") > ObjectBytes);
            Assert.Equal("ready", await node.Http.GetStringAsync("/health/ready"));

            // They take all but a little: nothing of the cache is left on the disk, and operators are told while posts are still kept.
            await Eventually.TrueAsync(
                async () =>
                {
                    disk.FillUp(leave: Size / 30);
                    return (await node.Http.GetStringAsync("/health/ready")).StartsWith("ready, but the disk of the data directory is nearly full", StringComparison.Ordinal);
                },
                Patience);
            Assert.Equal(0, await node.MetricAsync("danmaku_cache_bytes", "tier=\"disk\""));
            Assert.InRange((await node.MetricAsync("danmaku_disk_free_bytes"))!.Value, 1, Size / 20);
            Assert.Equal(Size, await node.MetricAsync("danmaku_disk_size_bytes"));
            Assert.True(await PostAsync(viewer, "nearly full", durable));
            Assert.True(await IsDurableAsync(node, "opened-late"));

            // All of it. The viewer hears of each post that the store does not have it, and later that it has.
            disk.FillUp(leave: 0);
            var open = 0;
            while (await PostAsync(viewer, new string('x', 1000), durable))
            {
                Assert.True(++open < 2000, "the store does not notice that the disk is full");
            }

            using (var refused = await node.Http.GetAsync("/health/ready"))
            {
                Assert.Equal((HttpStatusCode.ServiceUnavailable, "not ready: the store is away"), (refused.StatusCode, await refused.Content.ReadAsStringAsync()));
            }

            Assert.Equal(ObjectBytes, (await node.Http.GetByteArrayAsync("/media/while-full")).Length);
            disk.Release();
            var second = await viewer.HearAsync("ack");
            Assert.True(second.GetProperty("durable").GetBoolean());
            durable.Add(second.GetProperty("id").GetString()!);
            await Eventually.TrueAsync(async () => await ReadyAsync(node) == "ready", Patience);
            Assert.True(await PostAsync(viewer, "after", durable));
            Assert.Single(node.Log, line => line.Contains("is nearly full", StringComparison.Ordinal));
            Assert.Single(node.Log, line => line.Contains("has room again", StringComparison.Ordinal));
            Assert.Empty(node.TakeErrors());
            node.Kill();
            await node.EndAsync();
        }

        await using var again = await StartAsync(disk, CacheOf(origin));
        var (back, resumed) = await TestViewer.JoinAsync(_url, "kept", new { type = "join", position = start });
        using var __ = back;
        Assert.False(resumed.GetProperty("lost").GetBoolean());
        var all = await back.WatchAsync(durable.Count);
        Assert.Equal(("before", "after"), (all[0].Text, all[^1].Text));
        Assert.Equal(Enumerable.Range(1, durable.Count).Select(i => (long)i), all.Select(said => said.Offset));
    }

    [SkippableFact]
    public async Task Files_cached_by_an_earlier_process_do_not_keep_a_node_from_starting()
    {
        Skip.If(SmallDisk.WhyNot is not null, NotInstalled.DiskOfItsOwn);
        await using var disk = await SmallDisk.MountAsync(_folder, Size);
        var cache = Directory.CreateDirectory(Path.Combine(disk.View, "cache")).FullName;
        for (var i = 0; i < 14; i++)
        {
            await File.WriteAllBytesAsync(Path.Combine(cache, $"{Guid.NewGuid():n}.body"), new byte[ObjectBytes]);
        }

        disk.FillUp(leave: 0);
        await using var node = await StartAsync(disk);

        Assert.True(await IsDurableAsync(node, "lobby"));
    }

    private static string[] CacheOf(FakeOrigin origin) =>
    [
        "Danmaku:Cache:Upstreams=" + origin.Url.GetLeftPart(UriPartial.Authority), "Danmaku:Cache:MemoryBytes=2097152", "Danmaku:Cache:MaxEntryBytes=2097152",
    ];

    private async Task<NodeProcess> StartAsync(SmallDisk disk, params string[] settings)
    {
        string[] all =
        [
            "Danmaku:DataDirectory=" + disk.Folder, "Danmaku:Room:MaxTextChars=1000", "Danmaku:Connection:PostsPerSecond=0",
            "Danmaku:Connection:PostsPerSecondPerAddress=0", "Danmaku:Connection:HttpPostsPerSecond=0", .. settings,
        ];
        var node = new NodeProcess("test", _url, all, under: [.. disk.Prefix]);
        await Eventually.TrueAsync(node.IsReadyAsync, Patience, "the node is ready");
        return node;
    }

    /// <summary>Posts to a room, which may not be open.</summary>
    private static async Task<bool> IsDurableAsync(NodeProcess node, string room)
    {
        using var answer = await node.PostAsync(room, new { text = "hello" });
        return answer.IsSuccessStatusCode && (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("durable").GetBoolean();
    }

    /// <returns>Whether the first acknowledgement says that it is kept; then it is in <paramref name="durable"/>.</returns>
    private static async Task<bool> PostAsync(TestViewer viewer, string text, HashSet<string> durable)
    {
        var id = await viewer.PostAsync(text);
        var ack = await viewer.HearAsync("ack");
        Assert.Equal(id, ack.GetProperty("id").GetString());
        return ack.GetProperty("durable").GetBoolean() && durable.Add(id);
    }

    /// <summary>How many danmaku a room has.</summary>
    private async Task<int> CountAsync(string room)
    {
        var (viewer, _) = await TestViewer.JoinAsync(_url, room, new { type = "join", history = 100 });
        using var __ = viewer;
        await viewer.PostAsync("the end");
        var seen = new List<string>();
        while (seen.LastOrDefault() != "the end")
        {
            seen.AddRange((await viewer.WatchAsync(1)).Select(said => said.Text));
        }

        return seen.Count - 1;
    }

    private static async Task<string?[]> LookupsAsync(NodeProcess node, IEnumerable<int> objects)
    {
        var lookups = new List<string?>();
        foreach (var i in objects)
        {
            using var answer = await node.Http.GetAsync($"/media/{i}");
            lookups.Add(answer.Headers.GetValues("X-Cache-Lookup").Single());
        }

        return [.. lookups];
    }

    private static async Task<string> ReadyAsync(NodeProcess node)
    {
        using var answer = await node.Http.GetAsync("/health/ready");
        return await answer.Content.ReadAsStringAsync();
    }
}
