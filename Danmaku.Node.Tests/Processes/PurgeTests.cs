using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Operators purge on one node, and it is gone from all.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class PurgeTests
{
    private const string Key = "Danmaku:OperatorKey=operator";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_room_s_segments_are_gone_from_all_edges_within_a_second()
    {
        await using var fleet = await Fleet.StartAsync(1, [Key, "Danmaku:Room:PostsPerSecond=0"], [[Key], [Key]]);
        NodeProcess[] edges = [fleet["edge-1"], fleet["edge-2"]];
        await Parallel.ForEachAsync(Enumerable.Range(0, 1001), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            using var posted = await edges[i % 2].PostAsync("lobby", new { text = $"text {i}" });
            Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        });
        var index = await IndexAsync(edges[0]);
        var (segment, tag) = (Urls(index)[0], await TagAsync(fleet["origin-1"], Urls(index)[0]));
        Assert.EndsWith("/1.1000-0", segment, StringComparison.Ordinal);
        foreach (var edge in edges)
        {
            Assert.Equal(tag, await TagAsync(edge, segment));
            await Eventually.TrueAsync(async () => (await CacheAsync(edge, segment)).StartsWith("HIT", StringComparison.Ordinal), Patience, "it is kept");
        }

        // The first order waits for code to be made ready as well.
        using var warm = await PurgeAsync(edges[1], new { url = "/favicon.svg" });
        var watch = Stopwatch.StartNew();
        using var purged = await PurgeAsync(edges[1], new { room = "lobby" });
        var took = watch.Elapsed;
        HttpStatusCode[] left = [.. (await Task.WhenAll(edges.Select(edge => edge.Http.GetAsync(segment)))).Select(response => response.StatusCode)];

        Assert.Equal(HttpStatusCode.OK, purged.StatusCode);
        var reply = await purged.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(["edge-1", "edge-2"], reply.GetProperty("purged").EnumerateArray().Select(node => node.GetProperty("name").GetString()));
        Assert.All(reply.GetProperty("purged").EnumerateArray(), node => Assert.True(node.GetProperty("entries").GetInt32() > 0));
        Assert.Empty(reply.GetProperty("missing").EnumerateArray());
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.All(left, status => Assert.Equal(HttpStatusCode.NotFound, status));
        foreach (var edge in edges)
        {
            var url = Urls(await IndexAsync(edge))[0];
            Assert.EndsWith("/1.1000-1", url, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await edge.Http.GetAsync(url)).StatusCode);
        }
    }

    [SkippableFact]
    public async Task Every_origin_of_a_shared_store_names_and_has_the_same_segments()
    {
        Skip.If(PostgresServer.Programs is null, NotInstalled.PostgreSql);
        await using var postgres = await PostgresServer.StartNewAsync();
        string[] store = [Key, "Danmaku:Store:Kind=postgresql", "Danmaku:Store:ConnectionString=" + await postgres.CreateDatabaseAsync()];
        await using var fleet = await Fleet.StartAsync(2, store, [[Key]]);
        NodeProcess[] origins = [.. fleet.Origins];
        using var posted = await fleet["edge-1"].PostAsync("lobby", new { text = "hi", at = 83500 });
        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);

        using var purged = await PurgeAsync(fleet["edge-1"], new { room = "lobby" });
        Assert.Equal(HttpStatusCode.OK, purged.StatusCode);

        var bodies = await Task.WhenAll(origins.Select(async origin =>
            (Index: (await IndexAsync(origin)).GetRawText(), Segment: await origin.Http.GetStringAsync(Urls(await IndexAsync(origin)).Single()))));
        Assert.Equal(bodies[0], bodies[1]);
        Assert.Contains("/1-1\"", bodies[0].Index, StringComparison.Ordinal);
        Assert.Contains("\"at\":83500", bodies[0].Segment, StringComparison.Ordinal);
    }

    private static Task<JsonElement> IndexAsync(NodeProcess node) => node.Http.GetFromJsonAsync<JsonElement>("/api/rooms/lobby/history");

    private static List<string> Urls(JsonElement index) =>
    [
        .. index.GetProperty("epochs").EnumerateArray().SelectMany(epoch => epoch.GetProperty("segments").EnumerateArray())
            .Select(segment => segment.GetProperty("url").GetString()!),
    ];

    private static async Task<string> TagAsync(NodeProcess node, string path)
    {
        using var response = await node.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("public, max-age=31536000, immutable", response.Headers.GetValues("Cache-Control").Single());
        return response.Headers.ETag!.Tag;
    }

    private static async Task<string> CacheAsync(NodeProcess edge, string path)
    {
        using var response = await edge.Http.GetAsync(path);
        return response.Headers.GetValues("X-Cache").Single();
    }

    private static async Task<HttpResponseMessage> PurgeAsync(NodeProcess node, object order)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/purge") { Content = JsonContent.Create(order) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "operator");
        return await node.Operators.SendAsync(request);
    }
}
