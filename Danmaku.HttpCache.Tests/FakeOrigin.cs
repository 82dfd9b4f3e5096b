using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Danmaku.HttpCache.Tests;

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
            context.Response.Headers.Date = origin.Time.GetUtcNow().ToString("r");
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
