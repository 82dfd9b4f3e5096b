using Microsoft.Playwright;

namespace Danmaku.Node.Tests.Processes;

/// <summary>A real browser: the page of three edges, and a page of somebody else.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
[Trait("Category", "browser")]
public sealed class BrowserTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    [SkippableFact]
    public async Task A_danmaku_posted_in_one_tab_flies_in_the_tabs_of_all_edges()
    {
        await using var browser = await Browser.StartAsync();
        var tabs = await OpenTabsAsync(browser);

        await tabs[0].GetByTestId("post-mode").SelectOptionAsync("top");
        await tabs[0].GetByTestId("post-color").FillAsync("#ffe066");
        await SendAsync(tabs[0], "弹幕 from the first tab");

        foreach (var tab in tabs)
        {
            var item = tab.Locator(".danmaku-item.mode-top", new() { HasText = "弹幕 from the first tab" });
            await Assertions.Expect(item).ToBeVisibleAsync();
            await Assertions.Expect(item).ToHaveCSSAsync("color", "rgb(255, 224, 102)");
            await Assertions.Expect(tab.GetByTestId("log")).ToContainTextAsync("弹幕 from the first tab");
        }

        await browser.SaveAsync(tabs[1], "three-tabs");
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task A_danmaku_crosses_the_stage_of_another_edge()
    {
        await using var browser = await Browser.StartAsync();
        var tabs = await OpenTabsAsync(browser);

        await SendAsync(tabs[1], "passing by");

        var item = tabs[2].Locator(".danmaku-item", new() { HasText = "passing by" });
        await Assertions.Expect(item).ToBeVisibleAsync();
        var start = await LeftAsync(item);
        await tabs[2].WaitForFunctionAsync(
            "start => document.querySelector('.danmaku-item').getBoundingClientRect().x < start - 50", start);
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task Html_in_a_danmaku_is_shown_as_text()
    {
        const string Html = "<img src=x onerror=document.title='owned'><b>bold</b>";
        await using var browser = await Browser.StartAsync();
        var tabs = await OpenTabsAsync(browser);
        var title = await tabs[1].TitleAsync();

        await SendAsync(tabs[0], Html);

        await Assertions.Expect(tabs[1].Locator(".danmaku-item")).ToHaveTextAsync(Html);
        await Assertions.Expect(tabs[1].GetByTestId("log")).ToContainTextAsync(Html);
        await Assertions.Expect(tabs[1].Locator(".danmaku-item *, [data-testid=log] img, [data-testid=log] b")).ToHaveCountAsync(0);
        Assert.Equal(title, await tabs[1].TitleAsync());
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task A_page_opened_from_a_file_takes_part()
    {
        await using var browser = await Browser.StartAsync();
        await using var viewer = await Follower.PlainAsync(Edge(2), "lobby");
        var url = new UriBuilder(Edge(1)) { Scheme = "ws" }.Uri;
        var file = await browser.WriteAsync("lab.html", $$"""
            <!doctype html>
            <pre id="heard"></pre>
            <script>
              const socket = new WebSocket("{{url}}");
              socket.onopen = () => socket.send("hello from a file");
              socket.onmessage = (event) => { document.getElementById("heard").textContent += event.data + "\n"; };
            </script>
            """);

        var tab = await browser.OpenAsync("file://" + file);
        await Assertions.Expect(tab.Locator("#heard")).ToContainTextAsync("hello from a file");
        await viewer.PostAndSeeAsync("hello file");

        await viewer.SeesAsync("hello from a file");
        await Assertions.Expect(tab.Locator("#heard")).ToContainTextAsync("hello file");
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task The_page_of_the_lab_takes_part_on_three_tabs()
    {
        await using var browser = await Browser.StartAsync();
        var file = Path.Combine(AppContext.BaseDirectory, "docs/lab/page.html");
        var tabs = new List<IPage>();
        for (var edge = 1; edge <= 3; edge++)
        {
            tabs.Add(await browser.OpenAsync($"file://{file}?{Edge(edge).Authority}"));
            await Assertions.Expect(tabs[^1].Locator("#heard")).ToContainTextAsync("open");
        }

        await tabs[1].Locator("#text").FillAsync("弹幕 from the second tab");
        await tabs[1].Locator("button").ClickAsync();

        foreach (var tab in tabs)
        {
            await Assertions.Expect(tab.Locator("#heard")).ToContainTextAsync("弹幕 from the second tab");
        }

        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task Danmaku_are_replayed_at_their_moment_and_again_after_a_seek_back()
    {
        await using var browser = await Browser.StartAsync();
        await PostAsync("at the beginning", 1000);
        await PostAsync("<b>soon</b>", 2500);
        await PostAsync("much later", 60_000);

        var tab = await browser.OpenAsync($"{Edge(1)}?replay#{Room}");
        await Assertions.Expect(tab.GetByTestId("state")).ToContainTextAsync("Replay");
        await Assertions.Expect(tab.Locator(".danmaku-item")).ToHaveTextAsync(["at the beginning", "<b>soon</b>"]);
        await tab.GetByTestId("seek").FillAsync("59500");
        await Assertions.Expect(tab.Locator(".danmaku-item")).ToHaveTextAsync(["much later"]);
        await Assertions.Expect(tab.GetByTestId("log").Locator(".text")).ToHaveTextAsync(["at the beginning", "<b>soon</b>", "much later"]);
        await tab.GetByTestId("seek").FillAsync("900");

        await Assertions.Expect(tab.GetByTestId("log").Locator(".text")).ToHaveTextAsync(["at the beginning", "<b>soon</b>"]);
        await Assertions.Expect(tab.Locator(".danmaku-item")).ToHaveTextAsync(["at the beginning", "<b>soon</b>"]);
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task A_replay_follows_the_video_that_is_open()
    {
        await using var browser = await Browser.StartAsync();
        await PostAsync("first", 200);
        await PostAsync("second", 1200);
        await PostAsync("after its end", 600_000);
        var tab = await browser.OpenAsync($"{Edge(1)}?replay#{Room}");
        await Assertions.Expect(tab.GetByTestId("stretch")).ToContainTextAsync("3");
        await tab.GetByTestId("play").ClickAsync();
        var film = await browser.FilmAsync(tab);

        await tab.Locator("#file").SetInputFilesAsync(film);

        // Lines come as the video goes by, and begin anew when it does.
        var lines = tab.GetByTestId("log").Locator(".text");
        await Assertions.Expect(lines).ToHaveTextAsync(["first", "second"]);
        await tab.EvaluateAsync("document.getElementById('video').currentTime = 0");
        await Assertions.Expect(lines).ToHaveCountAsync(0);
        await tab.EvaluateAsync("document.getElementById('video').play()");
        await Assertions.Expect(lines).ToHaveTextAsync(["first", "second"]);
        browser.HasNoComplaints();
    }

    private async Task PostAsync(string text, long at)
    {
        using var posted = await Cluster.Edges[0].PostAsync(Room, new { text, at });
        Assert.True(posted.IsSuccessStatusCode);
    }

    /// <summary>The page on each of the edges, live and counting all three.</summary>
    private async Task<IReadOnlyList<IPage>> OpenTabsAsync(Browser browser)
    {
        var tabs = new List<IPage>();
        for (var edge = 1; edge <= 3; edge++)
        {
            tabs.Add(await browser.OpenAsync($"{Edge(edge)}#{Room}"));
        }

        foreach (var (edge, tab) in tabs.Index())
        {
            await Assertions.Expect(tab.GetByTestId("state")).ToHaveAttributeAsync("data-state", "live");
            await Assertions.Expect(tab.GetByTestId("edge")).ToHaveTextAsync($"edge-{1 + edge}");
            await Assertions.Expect(tab.GetByTestId("room")).ToHaveTextAsync(Room);
            await Assertions.Expect(tab.GetByTestId("viewers")).ToHaveTextAsync("3");
        }

        return tabs;
    }

    private static async Task SendAsync(IPage tab, string text)
    {
        await tab.GetByTestId("post-text").FillAsync(text);
        await tab.GetByTestId("post-send").ClickAsync();
    }

    private static async Task<double> LeftAsync(ILocator item) =>
        await item.EvaluateAsync<double>("item => item.getBoundingClientRect().x");
}
