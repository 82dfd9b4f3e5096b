using Danmaku.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.HttpCache.Tests;

/// <summary>The sample in front of an origin, with a clock that a test moves, and its client.</summary>
internal sealed class TestEdge : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http;
    private readonly CountingObserver _observer;

    private TestEdge(WebApplication app, ManualTimeProvider time, CountingObserver observer)
    {
        (_app, Time, _observer) = (app, time, observer);
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 }) { BaseAddress = Url };
    }

    public ManualTimeProvider Time { get; }

    public Uri Url => new(_app.Urls.First());

    public HttpClient Http => _http;

    /// <summary>How often an upstream failed.</summary>
    public int Failures => _observer.Failures;

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<TestEdge> StartAsync(FakeOrigin origin, Func<HttpCacheOptions, HttpCacheOptions>? change = null)
    {
        var edge = await StartAsync([origin.Url], change);
        origin.Time = edge.Time;
        return edge;
    }

    public static async Task<TestEdge> StartAsync(IReadOnlyList<Uri> origins, Func<HttpCacheOptions, HttpCacheOptions>? change = null)
    {
        var (time, observer) = (new ManualTimeProvider(), new CountingObserver());
        time.Advance(DateTimeOffset.UtcNow - time.GetUtcNow());
        var options = new HttpCacheOptions { Name = "edge-1" };
        var app = Sample.Create(change?.Invoke(options) ?? options, origins, "http://127.0.0.1:0", services =>
        {
            services.AddSingleton<TimeProvider>(time);
            services.AddSingleton<ICacheObserver>(observer);
        });
        await app.StartAsync();
        return new TestEdge(app, time, observer);
    }

    public async Task<Answer> GetAsync(string target, params (string Name, string Value)[] headers) => await SendAsync("GET", target, headers);

    public Task<Answer> SendAsync(string method, string target, (string Name, string Value)[] headers, string? body = null) =>
        Answer.OfAsync(_http, Url, method, target, headers, body);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();

        // So that nothing is written into its directory any more.
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class CountingObserver : ICacheObserver
    {
        private int _failures;

        public int Failures => Volatile.Read(ref _failures);

        public void Answered(string result)
        {
        }

        public void UpstreamFailed() => Interlocked.Increment(ref _failures);
    }
}
