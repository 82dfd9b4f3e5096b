using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Danmaku.Testing;
using Microsoft.Playwright;

namespace Danmaku.Node.Tests.Processes;

/// <summary>What flies over the video in a real browser: when, how fast, where, and what it leaves alone.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
[Trait("Category", "browser")]
public sealed class StageTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    private const int Hour = 3_600_000;

    /// <summary>Where a danmaku is at 20 pictures one after the other.</summary>
    private const string TwentyPictures =
        """
        async (item) => {
          const lefts = [];
          for (let i = 0; i < 20; i++) {
            await new Promise((resolve) => requestAnimationFrame(resolve));
            lefts.push(item.getBoundingClientRect().x);
          }
          return lefts;
        }
        """;

    [SkippableFact]
    public async Task Danmaku_from_before_the_page_was_opened_are_in_its_list_and_do_not_fly()
    {
        await using var browser = await Browser.StartAsync();
        await PostAsync(new { text = "before" });
        await PostAsync(new { text = "just before", mode = "top" });

        var tab = await LiveAsync(browser);
        await PostAsync(new { text = "now" });

        await Assertions.Expect(Item(tab, "now")).ToBeVisibleAsync();
        await Assertions.Expect(Lines(tab)).ToHaveTextAsync(["before", "just before", "now"]);
        await Assertions.Expect(tab.Locator(".danmaku-item")).ToHaveTextAsync(["now"]);
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task Danmaku_of_an_hour_in_which_the_page_was_frozen_do_not_fly()
    {
        await using var browser = await Browser.StartAsync();
        var tab = await browser.NewPageAsync();
        var connections = 0;
        await tab.RouteWebSocketAsync("**/ws/*", socket => Serve(socket, first: Interlocked.Increment(ref connections) == 1));

        await tab.GotoAsync($"{Edge(1)}#{Room}");

        await Assertions.Expect(Lines(tab)).ToHaveCountAsync(103);
        await Assertions.Expect(Item(tab, "just missed 3")).ToBeVisibleAsync();
        await Assertions.Expect(tab.Locator(".danmaku-item")).ToHaveTextAsync(["just missed 1", "just missed 2", "just missed 3"]);
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task In_a_replay_that_is_paused_danmaku_stand_still_and_they_go_on_with_it()
    {
        await using var browser = await Browser.StartAsync();
        await PostAsync(new { text = "passing by", at = 1000 });
        await PostAsync(new { text = "the end", at = 60_000 });
        var tab = await browser.OpenAsync($"{Edge(1)}?replay#{Room}");
        var item = Item(tab, "passing by");
        await Assertions.Expect(item).ToBeVisibleAsync();

        await tab.GetByTestId("play").ClickAsync();
        await StandsStillAsync(item);
        await tab.GetByTestId("play").ClickAsync();
        await MovesAsync(item);

        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task In_a_replay_at_twice_the_speed_danmaku_cross_twice_as_fast()
    {
        const string Speed =
            """
            async (item) => {
              const where = () => ({ at: performance.now(), left: item.getBoundingClientRect().x });
              const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
              await frame();
              const start = where();
              while (performance.now() < start.at + 500) await frame();
              const end = where();
              const way = document.getElementById('overlay').offsetWidth + item.offsetWidth;
              return (start.left - end.left) / (end.at - start.at) * 8000 / way;
            }
            """;
        await using var browser = await Browser.StartAsync();
        await PostAsync(new { text = "first", at = 1000 });
        await PostAsync(new { text = "second", at = 20_000 });
        var tab = await browser.OpenAsync($"{Edge(1)}?replay#{Room}");
        await Assertions.Expect(Item(tab, "first")).ToBeVisibleAsync();
        var usual = await Item(tab, "first").EvaluateAsync<double>(Speed);

        await tab.Locator("#rate").SelectOptionAsync("2");
        var changed = await Item(tab, "first").EvaluateAsync<double>(Speed);
        await tab.GetByTestId("seek").FillAsync("19500");
        await Assertions.Expect(Item(tab, "second")).ToBeVisibleAsync();
        var fast = await Item(tab, "second").EvaluateAsync<double>(Speed);

        Assert.InRange(usual, 0.9, 1.1);
        Assert.InRange(changed, 1.8, 2.2);
        Assert.InRange(fast, 1.8, 2.2);
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task Danmaku_over_a_video_stop_when_it_is_paused_and_when_it_is_over()
    {
        await using var browser = await Browser.StartAsync();
        await PostAsync(new { text = "over the film", at = 1000 });
        var tab = await browser.OpenAsync($"{Edge(1)}?replay#{Room}");
        await Assertions.Expect(tab.GetByTestId("stretch")).ToContainTextAsync("1");
        await tab.Locator("#file").SetInputFilesAsync(await browser.FilmAsync(tab));
        await VideoAsync(tab, "video.currentTime = 0; await video.play()");
        var item = Item(tab, "over the film");
        await Assertions.Expect(item).ToBeVisibleAsync();

        await VideoAsync(tab, "video.pause()");
        await StandsStillAsync(item);
        await VideoAsync(tab, "video.play()");
        await MovesAsync(item);
        await tab.WaitForFunctionAsync("() => document.getElementById('video').ended");
        await StandsStillAsync(item);

        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task Danmaku_over_a_video_that_waits_for_its_data_wait_with_it()
    {
        await using var browser = await Browser.StartAsync();
        await PostAsync(new { text = "over the film", at = 1000 });
        var tab = await browser.OpenAsync($"{Edge(1)}?replay#{Room}");
        await Assertions.Expect(tab.GetByTestId("stretch")).ToContainTextAsync("1");
        var film = await browser.FilmAsync(tab);
        await tab.Locator("#file").SetInputFilesAsync(film);

        // The same film as a stream of which no more comes.
        await tab.EvaluateAsync(
            """
            async (film) => {
              const video = document.getElementById('video');
              const stream = new MediaSource();
              video.src = URL.createObjectURL(stream);
              await new Promise((resolve) => { stream.onsourceopen = resolve; });
              stream.addSourceBuffer('video/webm; codecs="vp8"').appendBuffer(Uint8Array.from(atob(film), (char) => char.charCodeAt(0)));
              await video.play();
            }
            """,
            Convert.ToBase64String(await File.ReadAllBytesAsync(film)));
        await tab.WaitForFunctionAsync("() => document.getElementById('video').currentTime > 1 && document.getElementById('video').readyState < 3");

        var item = Item(tab, "over the film");
        await Assertions.Expect(item).ToBeVisibleAsync();
        await StandsStillAsync(item);
        Assert.False(await tab.EvaluateAsync<bool>("document.getElementById('video').paused"));
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task In_a_live_room_a_paused_video_holds_danmaku_and_after_its_end_they_go_on()
    {
        await using var browser = await Browser.StartAsync();
        var tab = await LiveAsync(browser);
        await tab.Locator("#file").SetInputFilesAsync(await browser.FilmAsync(tab));
        await PostAsync(new { text = "while it plays" });
        var item = Item(tab, "while it plays");
        await Assertions.Expect(item).ToBeVisibleAsync();

        await VideoAsync(tab, "video.pause()");
        await StandsStillAsync(item);
        await PostAsync(new { text = "while it is paused", mode = "top" });
        await Assertions.Expect(Lines(tab)).ToHaveTextAsync(["while it plays", "while it is paused"]);
        await VideoAsync(tab, "video.play()");
        await tab.WaitForFunctionAsync("() => document.getElementById('video').ended");
        await PostAsync(new { text = "what a film", mode = "top" });

        await Assertions.Expect(Item(tab, "what a film")).ToBeVisibleAsync();
        await Assertions.Expect(Item(tab, "while it is paused")).ToHaveCountAsync(0);
        await MovesAsync(item);
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task The_button_for_full_screen_shows_the_video_with_its_danmaku()
    {
        await using var browser = await Browser.StartAsync();
        var tab = await LiveAsync(browser);
        await tab.Locator("#file").SetInputFilesAsync(await browser.FilmAsync(tab));

        await tab.GetByLabel("Full screen", new() { Exact = true }).ClickAsync();
        await FillsTheScreenAsync(tab);
        await PostAsync(new { text = "in full screen", mode = "top" });
        await Assertions.Expect(Item(tab, "in full screen")).ToBeVisibleAsync();
        Assert.True(await Item(tab, "in full screen").EvaluateAsync<bool>("item => document.fullscreenElement.contains(item)"));
        await browser.SaveAsync(tab, "full-screen");
        await tab.GetByLabel("Leave full screen").ClickAsync();

        await tab.WaitForFunctionAsync("() => document.fullscreenElement === null");
        await Assertions.Expect(tab.GetByLabel("Leave full screen")).ToBeHiddenAsync();
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task The_videos_own_full_screen_and_picture_in_picture_do_not_leave_the_danmaku_behind()
    {
        await using var browser = await Browser.StartAsync();
        var tab = await LiveAsync(browser);
        await tab.Locator("#file").SetInputFilesAsync(await browser.FilmAsync(tab));
        await tab.WaitForFunctionAsync("() => document.getElementById('video').readyState > 0");

        var pictured = await tab.EvaluateAsync<string>("document.getElementById('video').requestPictureInPicture().then(() => 'shown', (error) => error.name)");
        var buttons = await tab.EvaluateAsync<string>("document.getElementById('video').controlsList.value");
        await VideoAsync(tab, "await video.requestFullscreen()");
        await FillsTheScreenAsync(tab);
        await PostAsync(new { text = "still there", mode = "top" });

        await Assertions.Expect(Item(tab, "still there")).ToBeVisibleAsync();
        Assert.Equal("InvalidStateError", pictured);
        Assert.Equal("nofullscreen noremoteplayback", buttons);
        await tab.GetByLabel("Leave full screen").ClickAsync();
        await Assertions.Expect(tab.GetByLabel("Leave full screen")).ToBeHiddenAsync();
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task When_the_window_changes_its_size_nothing_touches_and_nothing_flies_outside_the_stage()
    {
        const string Mistakes =
            """
            async () => {
              const mistakes = new Set();
              let most = 0;
              for (let i = 0; i < 30; i++) {
                await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
                const stage = document.getElementById('stage').getBoundingClientRect();
                const items = [...document.querySelectorAll('.danmaku-item')].map((item) => ({ text: item.textContent, box: item.getBoundingClientRect() }));
                most = Math.max(most, items.length);
                items.forEach(({ text, box: a }, j) => {
                  if (a.top < stage.top || a.bottom > stage.bottom) mistakes.add(`${text} is outside`);
                  for (const { text: other, box: b } of items.slice(j + 1)) {
                    if (a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5) mistakes.add(`${text} and ${other} touch`);
                  }
                });
              }
              return [String(most), ...mistakes];
            }
            """;
        await using var browser = await Browser.StartAsync();
        var tab = await LiveAsync(browser);
        string[] modes = ["scroll", "reverse", "scroll", "top", "scroll", "bottom"];
        for (var i = 0; i < 60; i++)
        {
            await PostAsync(new { text = $"{i} 弹幕 {new string('w', i * 7 % 30)}", mode = modes[i % modes.Length], size = i % 9 == 0 ? "large" : "medium" });
        }

        await Assertions.Expect(Lines(tab)).ToHaveCountAsync(60);
        var seen = new List<string[]>();
        foreach (var (width, height) in ((int, int)[])[(1280, 800), (390, 844), (844, 390), (1280, 800)])
        {
            await tab.SetViewportSizeAsync(width, height);
            seen.Add(await tab.EvaluateAsync<string[]>(Mistakes));
            await browser.SaveAsync(tab, $"size-{width}-{height}");
        }

        Assert.All(seen, each => Assert.Equal([each[0]], each));
        Assert.All(seen, each => Assert.NotEqual("0", each[0]));
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task With_reduced_motion_all_danmaku_stand_still_and_the_page_says_so()
    {
        await using var browser = await Browser.StartAsync();
        var tab = await LiveAsync(browser, new() { ReducedMotion = ReducedMotion.Reduce });
        await Assertions.Expect(tab.GetByTestId("toast")).ToContainTextAsync("stand still");

        await PostAsync(new { text = "at the top", mode = "top" });
        await PostAsync(new { text = "at the bottom", mode = "bottom" });
        await PostAsync(new { text = "passing by" });

        foreach (var text in (string[])["at the top", "at the bottom", "passing by"])
        {
            await Assertions.Expect(Item(tab, text)).ToBeVisibleAsync();
            await StandsStillAsync(Item(tab, text));
        }

        await Assertions.Expect(tab.GetByLabel("Flying danmaku")).ToHaveAttributeAsync("aria-pressed", "true");
        await Assertions.Expect(tab.GetByLabel("Flying danmaku")).ToHaveAttributeAsync("title", new Regex("stand still"));
        await browser.SaveAsync(tab, "less-motion");
        browser.HasNoComplaints();
    }

    [SkippableFact]
    public async Task No_remark_paints_outside_its_row_on_stage_and_in_the_list()
    {
        await using var browser = await Browser.StartAsync();
        await PostAsync(new { text = "first", at = 1000 });
        await PostAsync(new { text = "tall", at = 1000, mode = "top" });
        await PostAsync(new { text = "last", at = 1000 });
        var tab = await browser.OpenAsync($"{Edge(1)}?replay#{Room}");
        await Assertions.Expect(Item(tab, "last")).ToBeVisibleAsync();
        await tab.GetByTestId("play").ClickAsync();
        await tab.EvaluateAsync("document.getElementById('scene').hidden = true");
        var item = tab.Locator(".danmaku-item.mode-top");
        var line = tab.GetByTestId("log").Locator("li").Nth(1);

        // Whatever the server lets through, and whatever fonts there are.
        const string Marks = "element => { element.textContent = 'o' + '\u0301'.repeat(98); }";
        const string Large = "element => { element.textContent = '龘'; element.style.fontSize = '200px'; }";
        string[] outside =
        [
            await InkOutsideAsync(browser, line, tab.GetByTestId("log"), () => line.Locator(".text").EvaluateAsync(Marks)),
            await InkOutsideAsync(browser, item, tab.GetByTestId("stage"), () => item.EvaluateAsync(Marks)),
            await InkOutsideAsync(browser, item, tab.GetByTestId("stage"), () => item.EvaluateAsync(Large)),
        ];
        await browser.SaveAsync(tab, "tall");

        Assert.Equal(["none", "none", "none"], outside);
        browser.HasNoComplaints();
    }

    /// <summary>Between which pixels a part of the page changes outside a row of it: "none", or what is wrong.</summary>
    private static async Task<string> InkOutsideAsync(Browser browser, ILocator row, ILocator around, Func<Task> change)
    {
        const string Count =
            """
            async ([before, after, top, bottom]) => {
              const pixels = async (png) => {
                const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
                const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
                context.drawImage(picture, 0, 0);
                return context.getImageData(0, 0, picture.width, picture.height);
              };
              const [one, other] = [await pixels(before), await pixels(after)];
              // Less is the browser's rounding, where a round corner is drawn again.
              const changed = [...one.data.keys()].filter((i) => Math.abs(one.data[i] - other.data[i]) > 8);
              const rows = changed.map((i) => Math.floor(i / 4 / one.width)).filter((row) => row < top || row >= bottom);
              return changed.length === 0 ? 'nothing has changed' : rows.length === 0 ? 'none' : `${rows[0]} to ${rows.at(-1)} around ${top} to ${bottom}`;
            }
            """;
        var (inner, outer) = ((await row.BoundingBoxAsync())!, (await around.BoundingBoxAsync())!);
        var before = await around.ScreenshotAsync();
        await change();
        var after = await around.ScreenshotAsync();
        var blank = await browser.NewPageAsync();
        object[] arguments =
            [Convert.ToBase64String(before), Convert.ToBase64String(after), Math.Floor(inner.Y - outer.Y), Math.Ceiling(inner.Y + inner.Height - outer.Y)];
        return await blank.EvaluateAsync<string>(Count, arguments);
    }

    /// <summary>
    /// A server of two connections: between them an hour goes by on its clock, and no time on the page's. The first ends when the
    /// page knows the time; after the second begins it is told what was said meanwhile.
    /// </summary>
    private static void Serve(IWebSocketRoute socket, bool first)
    {
        var (ahead, head) = first ? (0, 0) : (Hour, 103);
        var told = false;
        socket.OnMessage(message =>
        {
            using var asked = JsonDocument.Parse(message.Text!);
            if (asked.RootElement.GetProperty("type").GetString() == "join")
            {
                var position = new { epoch = 1, offset = 0 };
                Send(new { type = "welcome", room = "a", node = "a", name = "a", position, head = new { epoch = 1, offset = head }, lost = false, viewers = 1, heartbeat = 7000 });
                return;
            }

            var now = asked.RootElement.GetProperty("client").GetDouble();
            Send(new { type = "clock", client = now, server = now + ahead });
            if (first)
            {
                _ = socket.CloseAsync(new() { Code = 1012 });
            }
            else if (!told)
            {
                told = true;
                var old = Enumerable.Range(1, 100).Select(i => new { time = (long)now + 1000, name = "b", text = $"an hour ago {i}" });
                var missed = Enumerable.Range(1, 3).Select(i => new { time = (long)now + ahead - 500, name = "b", text = $"just missed {i}" });
                Send(new { type = "batch", epoch = 1, offset = 1, comments = old.Concat(missed) });
            }
        });

        void Send(object value) => socket.Send(JsonSerializer.Serialize(value));
    }

    private async Task<IPage> LiveAsync(Browser browser, BrowserNewPageOptions? options = null)
    {
        var tab = await browser.OpenAsync($"{Edge(1)}#{Room}", options);
        await Assertions.Expect(tab.GetByTestId("state")).ToHaveAttributeAsync("data-state", "live");
        return tab;
    }

    /// <summary>Where this address has posted much already, as soon as it may again.</summary>
    private Task PostAsync(object danmaku) => Eventually.TrueAsync(async () =>
    {
        using var posted = await Cluster.Edges[0].PostAsync(Room, danmaku);
        Assert.True(posted.IsSuccessStatusCode || posted.StatusCode == HttpStatusCode.TooManyRequests, await posted.Content.ReadAsStringAsync());
        return posted.IsSuccessStatusCode;
    });

    private static ILocator Item(IPage tab, string text) => tab.Locator(".danmaku-item", new() { HasTextString = text });

    private static ILocator Lines(IPage tab) => tab.GetByTestId("log").Locator(".text");

    private static async Task VideoAsync(IPage tab, string act) =>
        await tab.EvaluateAsync($"async () => {{ const video = document.getElementById('video'); {act} }}");

    private static async Task StandsStillAsync(ILocator item) =>
        Assert.Single((await item.EvaluateAsync<double[]>(TwentyPictures)).Distinct());

    private static async Task MovesAsync(ILocator item) =>
        Assert.NotEqual(1, (await item.EvaluateAsync<double[]>(TwentyPictures)).Distinct().Count());

    private static async Task FillsTheScreenAsync(IPage tab) =>
        await tab.WaitForFunctionAsync(
            """
            () => {
              const stage = document.getElementById('stage');
              const full = document.fullscreenElement === stage || (document.fullscreenElement === null && stage.classList.contains('fills'));
              return full && stage.offsetWidth === innerWidth && stage.offsetHeight === innerHeight;
            }
            """);
}
