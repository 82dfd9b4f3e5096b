using Danmaku.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Danmaku.HttpCache.Tests;

/// <summary>A cache in front of the rest of its own application.</summary>
public sealed class PipelineTests
{
    [Fact]
    public async Task The_pipeline_behind_the_cache_runs_once_for_all_requests()
    {
        var (runs, release) = (0, new TaskCompletionSource());
        await using var app = await StartAsync(async context =>
        {
            Interlocked.Increment(ref runs);
            await release.Task;
            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.WriteAsync($"{context.Request.Path}{context.Request.QueryString} for {context.Connection.RemoteIpAddress}");
        });
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        var waiting = Enumerable.Range(0, 20).Select(_ => http.GetStringAsync("/a?b=1")).ToArray();
        await Eventually.TrueAsync(() => Volatile.Read(ref runs) == 1);
        release.SetResult();

        Assert.All(await Task.WhenAll(waiting), body => Assert.Equal("/a?b=1 for 127.0.0.1", body));
        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task Parts_of_it_are_slices_and_its_failures_are_answered()
    {
        var body = new byte[50_000];
        new Random(1).NextBytes(body);
        await using var app = await StartAsync(context => context.Request.Path == "/broken"
            ? throw new InvalidOperationException("test")
            : Results.Bytes(body, enableRangeProcessing: true, entityTag: new("\"1\"")).ExecuteAsync(context));
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/video");
        request.Headers.TryAddWithoutValidation("Range", "bytes=25000-45000");

        using var part = await http.SendAsync(request);
        using var broken = await http.GetAsync("/broken");

        Assert.Equal(206, (int)part.StatusCode);
        Assert.Equal(body[25000..45001], await part.Content.ReadAsByteArrayAsync());
        Assert.Equal(504, (int)broken.StatusCode);
    }

    private static async Task<WebApplication> StartAsync(RequestDelegate rest)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddHttpCache(new HttpCacheOptions { Name = "here", MaxEntryBytes = 20_000, SliceBytes = 10_000 });
        var app = builder.Build();
        app.UseHttpCache(here => here);
        app.Run(rest);
        await app.StartAsync();
        return app;
    }
}
