using System.Collections.Concurrent;
using System.Globalization;
using Danmaku.Testing;
using Microsoft.Playwright;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Chromium without a window, and what its pages complain about.</summary>
internal sealed class Browser : IAsyncDisposable
{
    /// <summary>Nothing goes out to anybody.</summary>
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

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

    private const float Patience = 20_000;

    private static readonly string PageFile = Path.Combine(AppContext.BaseDirectory, "wwwroot", "index.html");

    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-browser-").FullName;
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Skips the test where there is no Chromium, or no page for it.</summary>
    public static async Task<Browser> StartAsync()
    {
        Skip.If(Programs.Chromium is null, NotInstalled.Chromium);
        Skip.IfNot(File.Exists(PageFile), "The page is not built: the build says why.");
        Assertions.SetDefaultExpectTimeout(Patience);
        var playwright = await Playwright.CreateAsync();
        var options = new BrowserTypeLaunchOptions { ExecutablePath = Programs.Chromium, Args = Arguments, Timeout = 2 * Patience };
        return new Browser(playwright, await playwright.Chromium.LaunchAsync(options));
    }

    public async Task<IPage> OpenAsync(string url, BrowserNewPageOptions? options = null)
    {
        var page = await NewPageAsync(options);
        await page.GotoAsync(url);
        return page;
    }

    /// <summary>A tab without a page.</summary>
    public async Task<IPage> NewPageAsync(BrowserNewPageOptions? options = null)
    {
        options ??= new();
        options.ViewportSize ??= new() { Width = 1280, Height = 800 };
        var page = await _browser.NewPageAsync(options);
        page.SetDefaultTimeout(Patience);
        page.PageError += (_, error) => _complaints.Enqueue(error);
        page.Console += (_, message) => Hear(message);
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

    /// <summary>The file of a film, which a page has made.</summary>
    public async Task<string> FilmAsync(IPage page) =>
        await WriteAsync("film.webm", Convert.FromBase64String(await page.EvaluateAsync<string>(Film)));

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
