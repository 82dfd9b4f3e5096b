using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.Playwright;

namespace Danmaku.Node.Tests.Processes;

/// <summary>What a moderator takes back is gone, wherever it is looked for (docs/protocol.md §4.1).</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class RecallTests
{
    private const string Secret = "a secret of at least thirty-two bytes";
    private const string Room = "lobby";

    private static readonly string[] Edge = [$"Danmaku:Auth:HmacSecret={Secret}"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_recalled_danmaku_is_gone_from_all_edges_from_history_and_after_the_origin_was_killed()
    {
        await using var fleet = await Fleet.StartAsync(1, [], [Edge, Edge, Edge]);
        NodeProcess[] edges = [.. fleet.Edges];
        await using var first = await Follower.JoinAsync(edges[0].Url, Room);
        await using var second = await Follower.JoinAsync(edges[1].Url, Room);
        await first.PostAndSeeAsync("stays");
        await first.PostAndSeeAsync("goes");
        await second.SeesAsync("goes");
        var at = first.Acks[first.Posts[1].Id];
        foreach (var edge in edges)
        {
            Assert.Equal(["stays", "goes"], await HistoryAsync(edge));
        }

        using var recalled = await RecallAsync(edges[2], "moderator", new { position = new { epoch = at.Epoch, offset = at.Offset } });

        Assert.Equal(HttpStatusCode.OK, recalled.StatusCode);
        Assert.True((await recalled.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("durable").GetBoolean());
        await first.HearsRecallsAsync(1);
        await second.HearsRecallsAsync(1);
        Assert.All([first, second], viewer => Assert.Equal(at.Offset, viewer.Recalls[0].GetProperty("offset").GetInt64()));
        foreach (var edge in edges)
        {
            await Eventually.TrueAsync(async () => (await HistoryAsync(edge)).SequenceEqual(["stays", "", ""]), Patience, "its history is without it");
            await using var late = await Follower.JoinAsync(edge.Url, Room);
            await late.HearsRecallsAsync(1);
            Assert.Equal(["stays", "", ""], late.Texts);
        }

        fleet["origin-1"].Kill();
        await Eventually.TrueAsync(() => fleet["origin-1"].HasExited, Patience, "the origin is dead");
        fleet.Start("origin-1");
        await fleet.ReadyAsync();
        await Eventually.TrueAsync(async () => await IsPostedAsync(edges[1], "after"), Patience * 3, "the room takes posts again");
        await using var after = await Follower.JoinAsync(edges[1].Url, Room);
        await after.SeesAsync("after");

        Assert.Equal(["stays", "", "", "after"], after.Texts);
        Assert.All([first, second], viewer => Assert.DoesNotContain(viewer.Surprises, surprise => !Follower.IsNewEpoch(surprise)));
    }

    [Fact]
    public async Task All_of_one_person_goes_and_what_others_said_stays()
    {
        await using var fleet = await Fleet.StartAsync(1, [], [Edge]);
        var edge = fleet["edge-1"];
        await using var viewer = await Follower.JoinAsync(edge.Url, Room);
        using (await SayAsync(edge, "mei", "one"))
        using (await SayAsync(edge, "kai", "two"))
        using (await SayAsync(edge, "mei", "three"))
        {
            await viewer.SeesAsync("three");
        }

        var said = await CommentsAsync(edge);
        var user = said[0].GetProperty("user").GetString();
        Assert.Equal(user, said[2].GetProperty("user").GetString());
        Assert.NotEqual(user, said[1].GetProperty("user").GetString());

        using var recalled = await RecallAsync(edge, "host", new { user, within = 600_000 });
        await viewer.HearsRecallsAsync(1);
        await using var late = await Follower.JoinAsync(edge.Url, Room);
        await late.HearsRecallsAsync(1);

        Assert.Equal(HttpStatusCode.OK, recalled.StatusCode);
        Assert.Equal(["", "two", "", ""], late.Texts);
    }

    [Theory]
    [InlineData("viewer", HttpStatusCode.Forbidden, "forbidden")]
    [InlineData("trusted", HttpStatusCode.Forbidden, "forbidden")]
    [InlineData("moderator elsewhere", HttpStatusCode.Forbidden, "forbidden")]
    [InlineData("nobody", HttpStatusCode.Forbidden, "forbidden")]
    [InlineData("moderator", HttpStatusCode.NotFound, "not_found")]
    public async Task Who_may_not_is_refused_and_what_is_not_there_is_not_found(string who, HttpStatusCode status, string reason)
    {
        await using var fleet = await Fleet.StartAsync(1, [], [Edge]);

        using var refused = await RecallAsync(fleet["edge-1"], who, new { position = new { epoch = 1_790_000_000_000L << 1, offset = 5 } });

        Assert.Equal(status, refused.StatusCode);
        Assert.Equal(reason, (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
    }

    [SkippableFact]
    public async Task A_moderator_takes_something_back_on_the_page_and_it_is_gone_from_the_tabs_of_all_edges()
    {
        await using var browser = await Browser.StartAsync();
        await using var fleet = await Fleet.StartAsync(1, [], [Edge, Edge, Edge]);
        var tabs = new List<IPage>();
        foreach (var (edge, i) in fleet.Edges.Select((edge, i) => (edge, i)))
        {
            var token = i == 0 ? "?name=Mei&token=" + TokenOf("moderator") : "";
            tabs.Add(await browser.OpenAsync($"{edge.Url}{token}#{Room}"));
            await Assertions.Expect(tabs[^1].GetByTestId("state")).ToContainTextAsync("Live");
        }

        foreach (var text in new[] { "this stays", "this goes" })
        {
            await tabs[1].GetByTestId("post-text").FillAsync(text);
            await tabs[1].GetByTestId("post-send").ClickAsync();
            await Task.WhenAll(tabs.Select(tab => Assertions.Expect(tab.GetByTestId("log")).ToContainTextAsync(text)));
        }

        var line = tabs[0].GetByTestId("log").Locator("li", new() { HasText = "this goes" });
        await line.HoverAsync();
        await browser.SaveAsync(tabs[0], "moderator-line");
        await line.GetByRole(AriaRole.Button).ClickAsync();
        await browser.SaveAsync(tabs[0], "moderator-menu");
        var watch = Stopwatch.StartNew();
        await tabs[0].GetByTestId("recall-one").ClickAsync();
        await Assertions.Expect(tabs[0].GetByTestId("toast")).ToHaveTextAsync("Taken back.");
        foreach (var tab in tabs)
        {
            await Assertions.Expect(tab.GetByTestId("log")).Not.ToContainTextAsync("this goes");
            await Assertions.Expect(tab.Locator(".danmaku-item", new() { HasText = "this goes" })).ToHaveCountAsync(0);
            await Assertions.Expect(tab.GetByTestId("log")).ToContainTextAsync("this stays");
        }

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Patience);
        await Assertions.Expect(tabs[1].GetByTestId("log").GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
        await browser.SaveAsync(tabs[2], "recalled");
        browser.HasNoComplaints();
    }

    /// <param name="who">A role in the room, perhaps <c>elsewhere</c>, or nobody.</param>
    private static async Task<HttpResponseMessage> RecallAsync(NodeProcess edge, string who, object order)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{Room}/recalls") { Content = JsonContent.Create(order) };
        request.Headers.Authorization = who == "nobody" ? null : new AuthenticationHeaderValue("Bearer", TokenOf(who));
        return await edge.Http.SendAsync(request);
    }

    private static async Task<HttpResponseMessage> SayAsync(NodeProcess edge, string subject, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{Room}/danmaku") { Content = JsonContent.Create(new { text }) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TokenOf("viewer", subject));
        var answer = await edge.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer;
    }

    private static async Task<bool> IsPostedAsync(NodeProcess edge, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{Room}/danmaku") { Content = JsonContent.Create(new { text }) };
        request.Headers.Add("Idempotency-Key", text);
        using var answer = await edge.Http.SendAsync(request);
        return answer.IsSuccessStatusCode;
    }

    private static string TokenOf(string who, string subject = "somebody")
    {
        var claims = TokenSigner.Claims();
        claims["sub"] = subject;
        claims["danmaku"] = new Dictionary<string, object> { [who.EndsWith("elsewhere", StringComparison.Ordinal) ? "other" : Room] = who.Split(' ')[0] };
        return new TokenSigner.Hmac(Secret).Sign(claims);
    }

    private static async Task<IReadOnlyList<JsonElement>> CommentsAsync(NodeProcess edge)
    {
        var comments = new List<JsonElement>();
        var index = await edge.Http.GetFromJsonAsync<JsonElement>($"/api/rooms/{Room}/history");
        foreach (var epoch in index.GetProperty("epochs").EnumerateArray())
        {
            foreach (var segment in epoch.GetProperty("segments").EnumerateArray())
            {
                using var response = await edge.Http.GetAsync(segment.GetProperty("url").GetString());
                comments.AddRange(response.IsSuccessStatusCode
                    ? (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("comments").EnumerateArray()
                    : []);
            }
        }

        return comments;
    }

    private static async Task<IReadOnlyList<string>> HistoryAsync(NodeProcess edge) =>
        [.. (await CommentsAsync(edge)).Select(comment => comment.GetProperty("text").GetString()!)];
}
