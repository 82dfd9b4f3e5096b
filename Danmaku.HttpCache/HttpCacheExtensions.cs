using Danmaku.HttpCache.Storage;
using Danmaku.HttpCache.Upstreams;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Danmaku.HttpCache;

/// <summary>Adds the cache to an ASP.NET Core application.</summary>
public static class HttpCacheExtensions
{
    /// <summary>
    /// Adds the store, in memory and on disk, and <see cref="ICachePurge"/>. <see cref="TimeProvider"/> and <see cref="ICacheObserver"/> are taken from
    /// <paramref name="services"/> if they are registered.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static IServiceCollection AddHttpCache(this IServiceCollection services, HttpCacheOptions options)
    {
        options.Check();
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ICacheObserver, NoObserver>();
        services.AddSingleton<DiskTier>();
        services.AddSingleton(provider => new CacheStore(options, provider.GetRequiredService<DiskTier>()));
        services.AddSingleton<ICachePurge>(provider => provider.GetRequiredService<CacheStore>());
        services.AddHostedService(provider =>
        {
            // The disk passes the responses that it finds to the store.
            _ = provider.GetRequiredService<CacheStore>();
            return provider.GetRequiredService<DiskTier>();
        });
        return services;
    }

    /// <summary>Answers requests from the cache, in front of an upstream.</summary>
    /// <param name="choose">
    /// Gets the rest of the pipeline as an upstream, and returns the upstream to use: that one, another, or one that combines both.
    /// </param>
    public static IApplicationBuilder UseHttpCache(this IApplicationBuilder app, Func<IUpstream, IUpstream> choose) =>
        app.Use(next =>
        {
            var here = new PipelineUpstream(next, app.ApplicationServices.GetRequiredService<IServiceScopeFactory>());
            return ActivatorUtilities.CreateInstance<CacheMiddleware>(app.ApplicationServices, choose(here)).InvokeAsync;
        });
}
