using System.Text;
using Danmaku.HttpCache.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Danmaku.HttpCache.Tests;

/// <summary>A sample application: a caching reverse proxy in front of web servers. The tests of this project are its clients.</summary>
internal static class Sample
{
    /// <param name="origins">Such as <c>http://10.0.0.5:8080</c>; the next where one fails.</param>
    /// <param name="url">Where it listens.</param>
    /// <param name="configure">What else is in its container.</param>
    public static WebApplication Create(HttpCacheOptions options, IReadOnlyList<Uri> origins, string url, Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // Field values are bytes: they go through as they come.
            kestrel.RequestHeaderEncodingSelector = kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
        });
        builder.Services.AddSingleton(_ => HttpUpstream.CreateClient());
        configure?.Invoke(builder.Services);
        builder.Services.AddHttpCache(options);

        var app = builder.Build();
        var connections = app.Services.GetRequiredService<HttpMessageInvoker>();
        IReadOnlyList<IUpstream> upstreams = [.. origins.Select(origin => new HttpUpstream(origin, connections))];
        var observer = app.Services.GetRequiredService<ICacheObserver>();
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.UseHttpCache(_ => new UpstreamGroup(() => upstreams, options.Timeout, observer, time));
        return app;
    }
}
