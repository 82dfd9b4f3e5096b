using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Operators purge on one node, and it is gone from all.</summary>
[Trait("Category", "process")]
public sealed class PurgeTests
{
    private const string Index = "/api/rooms/lobby/history";
    private const string Key = "Danmaku:OperatorKey=operator";

    [Fact]
    public async Task A_room_is_purged_from_all_edges_within_a_second()
    {
        await using var fleet = await Fleet.StartAsync(1, [Key], [[Key], [Key]]);
        var (origin, edge) = (fleet["origin-1"], fleet["edge-1"]);
        using var posted = await edge.PostAsync("lobby", new { text = "hi" });
        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        var before = await UrlAsync(origin);
        Assert.Equal(HttpStatusCode.OK, (await origin.Http.GetAsync(before)).StatusCode);

        // The first one waits for code to be made ready as well.
        Assert.Equal(HttpStatusCode.OK, (await PurgeAsync(edge, new { url = "/favicon.svg" })).StatusCode);
        var watch = Stopwatch.StartNew();
        using var purged = await PurgeAsync(edge, new { room = "lobby" });

        Assert.InRange(watch.ElapsedMilliseconds, 0, 1000);
        Assert.Equal(HttpStatusCode.OK, purged.StatusCode);
        var reply = await purged.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(["edge-1", "edge-2"], reply.GetProperty("purged").EnumerateArray().Select(node => node.GetProperty("name").GetString()));
        Assert.Empty(reply.GetProperty("missing").EnumerateArray());
        Assert.EndsWith("-1", await UrlAsync(origin), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await origin.Http.GetAsync(before)).StatusCode);
    }

    /// <summary>The address of the newest segment.</summary>
    private static async Task<string> UrlAsync(NodeProcess node)
    {
        var index = await node.Http.GetFromJsonAsync<JsonElement>(Index);
        return index.GetProperty("epochs").EnumerateArray().Last().GetProperty("segments").EnumerateArray().Last().GetProperty("url").GetString()!;
    }

    private static async Task<HttpResponseMessage> PurgeAsync(NodeProcess node, object order)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/purge") { Content = JsonContent.Create(order) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "operator");
        return await node.Http.SendAsync(request);
    }
}
