using System.Collections.Concurrent;
using System.Globalization;
using Danmaku.Testing;
using Microsoft.Playwright;

namespace Danmaku.Node.Tests.Processes;

/// <summary>A real browser: the page of three edges, and a page of somebody else.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
[Trait("Category", "browser")]
public sealed class BrowserTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    private static readonly string PageFile = Path.Combine(AppContext.BaseDirectory, "wwwroot", "index.html");

    [SkippableFact]
    public async Task What_is_posted_in_one_tab_flies_in_the_tabs_of_all_edges()
    {
        await using var browser = await StartAsync();
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
        await using var browser = await StartAsync();
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
        await using var browser = await StartAsync();
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
        await using var browser = await StartAsync();
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
        await using var browser = await StartAsync();
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
    public async Task What_was_said_is_replayed_at_its_moment_and_again_when_somebody_goes_back()
    {
        await using var browser = await StartAsync();
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
        await using var browser = await StartAsync();
        await PostAsync("first", 200);
        await PostAsync("second", 1200);
        await PostAsync("after its end", 600_000);
        var tab = await browser.OpenAsync($"{Edge(1)}?replay#{Room}");
        await Assertions.Expect(tab.GetByTestId("stretch")).ToContainTextAsync("3");
        await tab.GetByTestId("play").ClickAsync();
        var film = await tab.EvaluateAsync<string>(Film);
        var file = await browser.WriteAsync("film.webm", Convert.FromBase64String(film));

        await tab.Locator("#file").SetInputFilesAsync(file);

        // Lines come as the video goes by, and begin anew when it does.
        var lines = tab.GetByTestId("log").Locator(".text");
        await Assertions.Expect(lines).ToHaveTextAsync(["first", "second"]);
        await tab.EvaluateAsync("document.getElementById('video').currentTime = 0");
        await Assertions.Expect(lines).ToHaveCountAsync(0);
        await tab.EvaluateAsync("document.getElementById('video').play()");
        await Assertions.Expect(lines).ToHaveTextAsync(["first", "second"]);
        browser.HasNoComplaints();
    }

    /// <summary>Two seconds of a square that changes its colour.</summary>
    private const string Film =
        """
        async () => {
          const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
          const context = canvas.getContext('2d');
          const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm' });
          const parts = [];
          recorder.ondataavailable = (event) => parts.push(event.data);
          const ended = new Promise((resolve) => { recorder.onstop = resolve; });
          recorder.start();
          for (let i = 0; i < 40; i++) {
            context.fillStyle = `hsl(${i * 9} 60% 40%)`;
            context.fillRect(0, 0, 320, 180);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          recorder.stop();
          await ended;
          const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
          return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
        }
        """;

    private async Task PostAsync(string text, long at)
    {
        using var posted = await Cluster.Edges[0].PostAsync(Room, new { text, at });
        Assert.True(posted.IsSuccessStatusCode);
    }

    private static async Task<Browser> StartAsync()
    {
        Skip.If(Programs.Chromium is null, NotInstalled.Chromium);
        Skip.IfNot(File.Exists(PageFile), "The page is not built: the build says why.");
        return await Browser.StartAsync(Programs.Chromium!);
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

    /// <summary>Chromium without a window, and what its pages complain about.</summary>
    private sealed class Browser : IAsyncDisposable
    {
        /// <summary>Nothing goes out to anybody.</summary>
        private static readonly string[] Arguments =
        [
            "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync",
        ];

        private const float Patience = 20_000;

        private readonly ConcurrentQueue<string> _complaints = new();
        private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-browser-").FullName;
        private readonly IPlaywright _playwright;
        private readonly IBrowser _browser;

        private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

        public static async Task<Browser> StartAsync(string program)
        {
            Assertions.SetDefaultExpectTimeout(Patience);
            var playwright = await Playwright.CreateAsync();
            var options = new BrowserTypeLaunchOptions { ExecutablePath = program, Args = Arguments, Timeout = 2 * Patience };
            return new Browser(playwright, await playwright.Chromium.LaunchAsync(options));
        }

        public async Task<IPage> OpenAsync(string url)
        {
            var page = await _browser.NewPageAsync(new() { ViewportSize = new() { Width = 1280, Height = 800 } });
            page.SetDefaultTimeout(Patience);
            page.PageError += (_, error) => _complaints.Enqueue(error);
            page.Console += (_, message) => Hear(message);
            await page.GotoAsync(url);
            return page;
        }

        public async Task<string> WriteAsync(string name, string text)
        {
            var file = Path.Combine(_folder, name);
            await File.WriteAllTextAsync(file, text);
            return file;
        }

        public async Task<string> WriteAsync(string name, byte[] bytes)
        {
            var file = Path.Combine(_folder, name);
            await File.WriteAllBytesAsync(file, bytes);
            return file;
        }

        /// <summary>Keeps a picture where <c>DANMAKU_TEST_SHOTS</c> says, for people to look at.</summary>
        public async Task SaveAsync(IPage page, string name)
        {
            if (Environment.GetEnvironmentVariable("DANMAKU_TEST_SHOTS") is { Length: > 0 } folder)
            {
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png") });
            }
        }

        /// <summary>Fails when a script failed, something could not be loaded or a policy was violated.</summary>
        public void HasNoComplaints() => Assert.Empty(_complaints);

        public async ValueTask DisposeAsync()
        {
            await _browser.DisposeAsync();
            _playwright.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private void Hear(IConsoleMessage message)
        {
            if (message.Type is "error" or "warning")
            {
                _complaints.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{message.Type}: {message.Text} ({message.Location})"));
            }
        }
    }
}
