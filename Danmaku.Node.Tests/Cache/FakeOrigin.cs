using System.Collections.Concurrent;
using System.Text;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Danmaku.Node.Tests.Cache;

/// <summary>What reached the origin.</summary>
internal sealed record Seen(string Method, string Target, IHeaderDictionary Headers, string Body);

/// <summary>An origin whose answers a test writes, and which remembers what it was asked.</summary>
internal sealed class FakeOrigin : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Seen> _seen = new();

    private FakeOrigin(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());

    /// <summary>From where it takes the date.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    public IReadOnlyList<Seen> Requests => [.. _seen];

    /// <param name="answer">Gets the request's number, from 1, too.</param>
    public static async Task<FakeOrigin> StartAsync(Func<HttpContext, int, Task> answer, string url = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(url).ConfigureKestrel(kestrel =>
        {
            kestrel.AllowSynchronousIO = true;
            kestrel.RequestHeaderEncodingSelector = kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
        });
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var origin = new FakeOrigin(app);
        var count = 0;
        app.Run(async context =>
        {
            var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            using var body = new StreamReader(context.Request.Body);
            origin._seen.Enqueue(new Seen(
                context.Request.Method, target, new HeaderDictionary(context.Request.Headers.ToDictionary()), await body.ReadToEndAsync()));
            context.Response.Headers.Date = Danmaku.HttpCache.Policy.HttpDate.Format(origin.Time.GetUtcNow());
            await answer(context, Interlocked.Increment(ref count));
        });
        await app.StartAsync();
        return origin;
    }

    /// <summary>An origin that always says the same.</summary>
    public static Task<FakeOrigin> StartAsync(string body, params (string Name, string Value)[] headers) => StartAsync((context, _) =>
    {
        foreach (var (name, value) in headers)
        {
            context.Response.Headers.Append(name, value);
        }

        return context.Response.WriteAsync(body);
    });

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}

/// <summary>An edge in front of origins, with a clock that a test moves.</summary>
internal sealed class TestEdge : IAsyncDisposable
{
    private readonly TestNode _node;

    private TestEdge(TestNode node, ManualTimeProvider time) => (_node, Time) = (node, time);

    public ManualTimeProvider Time { get; }

    public Uri Url => _node.Url;

    public TestNode Node => _node;

    public T Service<T>()
        where T : notnull => _node.Services.GetRequiredService<T>();

    public static async Task<TestEdge> StartAsync(FakeOrigin origin, params string[] settings)
    {
        var edge = await StartAsync([$"--Danmaku:Cache:Upstreams={origin.Url.GetLeftPart(UriPartial.Authority)}", .. settings]);
        origin.Time = edge.Time;
        return edge;
    }

    public static async Task<TestEdge> StartAsync(params string[] settings)
    {
        var (time, rooms) = (new ManualTimeProvider(), new NoRooms());
        time.Advance(DateTimeOffset.UtcNow - time.GetUtcNow());
        var node = await TestNode.StartAsync(
            (services, _) =>
            {
                services.AddSingleton<IRooms>(rooms).AddSingleton<IPurger>(rooms);
                services.AddSingleton<TimeProvider>(time);
            },
            ["--Danmaku:NodeName=edge-1", .. settings]);
        return new TestEdge(node, time);
    }

    public async Task<Answer> GetAsync(string target, params (string Name, string Value)[] headers) => await SendAsync("GET", target, headers);

    public async Task<Answer> SendAsync(string method, string target, (string Name, string Value)[] headers, string? body = null)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(method),
            new Uri(Url.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Content = body is null ? null : new StringContent(body);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _node.Http.SendAsync(request);
        var all = response.Headers.Concat(response.Content.Headers).ToDictionary(
            header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, all, await response.Content.ReadAsStringAsync());
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();
}

internal sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The first word of X-Cache; empty without.</summary>
    public string Cache => this["X-Cache"].Split(' ')[0];

    /// <summary>Empty where it is absent.</summary>
    public string this[string name] => Headers.GetValueOrDefault(name, "");
}
