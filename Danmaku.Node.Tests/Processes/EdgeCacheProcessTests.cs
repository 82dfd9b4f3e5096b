using Danmaku.HttpCache.Tests;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>The cache of real processes.</summary>
[Trait("Category", "process")]
[Collection(ClusterFixture.Name)]
public sealed class EdgeCacheProcessTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    private const int Size = 3_000_000;

    [Fact]
    public async Task An_edge_gets_the_page_from_the_origin_that_the_cluster_names()
    {
        using var http = new HttpClient { BaseAddress = Edge(1) };
        HttpResponseMessage? answer = null;

        // Until the origin has been heard, an edge has the page itself, and says so; that is fresh for seconds only.
        await Eventually.TrueAsync(async () =>
        {
            answer = await http.GetAsync($"/?{Guid.NewGuid()}");
            return !answer.Headers.GetValues("Cache-Status").Single().Contains("instead", StringComparison.Ordinal);
        });
        using var origin = await Cluster.Origin.Http.GetAsync("/");

        Assert.Equal("MISS from edge-1", answer!.Headers.GetValues("X-Cache").Single());
        Assert.Equal(await origin.Content.ReadAsStringAsync(), await answer.Content.ReadAsStringAsync());
        Assert.False(origin.Headers.Contains("X-Cache"));
        answer.Dispose();
    }

    [Fact]
    public async Task Killed_while_it_stores_an_edge_comes_back_with_whole_bodies_only()
    {
        var half = new TaskCompletionSource();
        var never = new TaskCompletionSource();
        var body = new byte[Size];
        new Random(2).NextBytes(body);
        await using var origin = await FakeOrigin.StartAsync(async (context, number) =>
        {
            context.Response.Headers.CacheControl = "max-age=600";
            context.Response.ContentLength = Size;
            await context.Response.Body.WriteAsync(body.AsMemory(0, Size / 2));
            await context.Response.Body.FlushAsync();
            if (context.Request.Path == "/torn" && number == 2)
            {
                half.SetResult();
                await never.Task;
            }

            await context.Response.Body.WriteAsync(body.AsMemory(Size / 2));
        });
        var folder = Directory.CreateTempSubdirectory("danmaku-").FullName;
        var url = new UriBuilder("http", "127.0.0.1", Ports.Free(System.Net.IPAddress.Loopback)).Uri;
        string[] settings =
        [
            "Danmaku:DataDirectory=" + folder, "Danmaku:Store:Kind=memory", "Danmaku:Cache:Upstreams=" + origin.Url.GetLeftPart(UriPartial.Authority),
        ];
        await using (var edge = new NodeProcess("edge-9", url, settings))
        {
            await Eventually.TrueAsync(edge.IsReadyAsync, TimeSpan.FromSeconds(60));
            await edge.Http.GetByteArrayAsync("/whole");
            await Eventually.TrueAsync(() => Directory.GetFiles(Path.Combine(folder, "cache"), "*.head").Length == 1);
            using var torn = await edge.Http.GetAsync("/torn", HttpCompletionOption.ResponseHeadersRead);
            await half.Task.WaitAsync(TimeSpan.FromSeconds(20));
            edge.Kill();
            await edge.EndAsync();
        }

        await using (var edge = new NodeProcess("edge-9", url, settings))
        {
            await Eventually.TrueAsync(edge.IsReadyAsync, TimeSpan.FromSeconds(60));
            using var whole = await edge.Http.GetAsync("/whole");
            using var torn = await edge.Http.GetAsync("/torn");

            Assert.Equal("disk", whole.Headers.GetValues("X-Cache-Lookup").Single());
            Assert.Equal(body, await whole.Content.ReadAsByteArrayAsync());
            Assert.Equal("MISS from edge-9", torn.Headers.GetValues("X-Cache").Single());
            Assert.Equal(body, await torn.Content.ReadAsByteArrayAsync());
        }

        never.SetResult();
        Directory.Delete(folder, recursive: true);
    }
}
