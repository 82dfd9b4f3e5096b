using Danmaku.HttpCache.Storage;
using Danmaku.Testing;

namespace Danmaku.HttpCache.Tests;

/// <summary>What is on disk, over restarts and accidents.</summary>
public sealed class CacheDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-cache-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_restart_keeps_what_was_stored()
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=600"), ("ETag", "\"1\""), ("Vary", "Accept-Language"));
        await using (var before = await StartAsync(origin))
        {
            await before.GetAsync("/a", ("Accept-Language", "de"));
            await before.Service<DiskTier>().FlushAsync();
        }

        await using var edge = await StartAsync(origin);
        await edge.Service<DiskTier>().FlushAsync();
        var disk = await edge.GetAsync("/a", ("Accept-Language", "de"));
        var memory = await edge.GetAsync("/a", ("Accept-Language", "de"));

        Assert.Equal(("HIT", "disk", "body", "\"1\""), (disk.Cache, disk["X-Cache-Lookup"], disk.Body, disk["ETag"]));
        Assert.Equal("memory", memory["X-Cache-Lookup"]);
        Assert.Equal("MISS", (await edge.GetAsync("/a", ("Accept-Language", "en"))).Cache);
        Assert.Equal(2, edge.Service<ICachePurge>().PurgeUrl("/a"));
        Assert.Empty(Directory.GetFiles(_folder, "*.head"));
    }

    [Fact]
    public async Task Tagged_responses_are_validated_after_a_restart()
    {
        var isGone = false;
        var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers.ETag = "\"1\"";
            context.Response.Headers.CacheControl = "max-age=600, stale-if-error=600";
            context.Response.Headers["Cache-Tag"] = "room-a";
            context.Response.StatusCode = isGone ? 410 : context.Request.Headers.IfNoneMatch == "\"1\"" ? 304 : 200;
            return Task.CompletedTask;
        });
        await using (var before = await StartAsync(origin))
        {
            await before.GetAsync("/kept");
            await before.GetAsync("/purged");
            await before.GetAsync("/unknown");
            await before.Service<DiskTier>().FlushAsync();
        }

        await using var edge = await StartAsync(origin);
        await edge.Service<DiskTier>().FlushAsync();
        var kept = await edge.GetAsync("/kept");
        isGone = true;
        var purged = await edge.GetAsync("/purged");
        await origin.DisposeAsync();

        Assert.Equal(("REVALIDATED", "HIT"), (kept.Cache, (await edge.GetAsync("/kept")).Cache));
        Assert.Equal(410, purged.Status);
        Assert.Equal(504, (await edge.GetAsync("/unknown")).Status);
    }

    public static TheoryData<string> Accidents => ["body cut", "body changed", "head cut", "head changed", "body gone", "head gone"];

    [Theory]
    [MemberData(nameof(Accidents))]
    public async Task A_damaged_response_is_fetched_again(string accident)
    {
        var body = new string('x', 10_000);
        await using var origin = await FakeOrigin.StartAsync(body, ("Cache-Control", "max-age=600"));
        await using (var before = await StartAsync(origin))
        {
            await before.GetAsync("/a");
            await before.Service<DiskTier>().FlushAsync();
        }

        await File.WriteAllTextAsync(Path.Combine(_folder, "left.part"), "half");
        Damage(accident);
        await using var edge = await StartAsync(origin);
        await edge.Service<DiskTier>().FlushAsync();
        var answer = await edge.GetAsync("/a");

        Assert.Equal((200, "MISS", body), (answer.Status, answer.Cache, answer.Body));
        Assert.Equal(2, origin.Requests.Count);
        Assert.False(File.Exists(Path.Combine(_folder, "left.part")));
    }

    [Fact]
    public async Task A_validation_reaches_the_disk()
    {
        await using var origin = await FakeOrigin.StartAsync((context, number) =>
        {
            context.Response.Headers.ETag = "\"1\"";
            context.Response.Headers.CacheControl = number == 1 ? "max-age=1" : "max-age=600";
            context.Response.StatusCode = number == 1 ? 200 : 304;
            return Task.CompletedTask;
        });
        await using (var before = await StartAsync(origin))
        {
            await before.GetAsync("/a");
            await before.Service<DiskTier>().FlushAsync();
            before.Time.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal("REVALIDATED", (await before.GetAsync("/a")).Cache);
            await before.Service<DiskTier>().FlushAsync();
        }

        await using var edge = await StartAsync(origin);
        await edge.Service<DiskTier>().FlushAsync();

        Assert.Equal("HIT", (await edge.GetAsync("/a")).Cache);
    }

    [Fact]
    public async Task Both_tiers_keep_to_their_budgets_and_what_left_memory_comes_from_disk()
    {
        await using var origin = await FakeOrigin.StartAsync(new string('x', 100_000), ("Cache-Control", "max-age=600"));
        await using var edge = await StartAsync(
            origin, options => options with { MemoryBytes = 1_048_576, MaxEntryBytes = 1_048_576, DiskBytes = 3_000_000 });
        for (var i = 0; i < 50; i++)
        {
            await edge.GetAsync($"/{i}");
            await edge.Service<DiskTier>().FlushAsync();
        }

        // The last one may still be on its way in: it enters before another goes.
        var store = edge.Service<CacheStore>();
        await Eventually.TrueAsync(() => store.MemoryBytes is >= 500_000 and <= 1_048_576);
        await edge.Service<DiskTier>().FlushAsync();
        Assert.InRange(store.DiskBytes, 1_500_000, 3_000_000);
        Assert.InRange(new DirectoryInfo(_folder).GetFiles().Sum(file => file.Length), 1_500_000, 3_000_000);
        Assert.Contains("disk", await Task.WhenAll(Enumerable.Range(20, 30).Select(async i => (await edge.GetAsync($"/{i}"))["X-Cache-Lookup"])));
    }

    [Fact]
    public async Task The_cache_goes_on_without_a_usable_disk()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "file"), "");
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=600"));
        await using var edge = await StartAsync(origin, options => options with { Directory = Path.Combine(_folder, "file") });
        await edge.GetAsync("/a");
        await edge.Service<DiskTier>().FlushAsync();

        Assert.Equal("HIT", (await edge.GetAsync("/a")).Cache);
    }

    [Fact]
    public async Task The_cache_frees_its_disk_when_others_use_the_free_share()
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=600"));
        await using (var before = await StartAsync(origin))
        {
            await before.GetAsync("/a");
            await before.Service<DiskTier>().FlushAsync();
            Assert.NotEmpty(Directory.GetFiles(_folder));
        }

        await using var edge = await StartAsync(origin, options => options with { DiskFree = 17_592_186_044_416 });
        await edge.GetAsync("/a");
        await edge.Service<DiskTier>().FlushAsync();

        Assert.Empty(Directory.GetFiles(_folder));
        Assert.Equal(("HIT", 0), ((await edge.GetAsync("/a")).Cache, edge.Service<DiskTier>().Cost));
    }

    private Task<TestEdge> StartAsync(FakeOrigin origin, Func<HttpCacheOptions, HttpCacheOptions>? change = null) => TestEdge.StartAsync(origin, options =>
    {
        options = options with { Directory = _folder, DiskBytes = 1L << 30 };
        return change?.Invoke(options) ?? options;
    });

    private void Damage(string accident)
    {
        var path = Directory.GetFiles(_folder, "*." + accident.Split(' ')[0]).Single();
        var bytes = File.ReadAllBytes(path);
        switch (accident.Split(' ')[1])
        {
            case "cut":
                File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
                break;
            case "changed":
                bytes[bytes.Length / 2] ^= 1;
                File.WriteAllBytes(path, bytes);
                break;
            default:
                File.Delete(path);
                break;
        }
    }
}
