using Danmaku.Core.Observability;
using Danmaku.HttpCache;
using Danmaku.HttpCache.Storage;
using Danmaku.Node.Disks;
using Danmaku.Node.Options;
using Danmaku.Storage.Sqlite;

namespace Danmaku.Node.Cache;

/// <summary>The HTTP cache of an edge: Danmaku.HttpCache, with this node's options, origins, metrics and disk.</summary>
internal static class CacheRegistration
{
    public static IServiceCollection AddCache(this IServiceCollection services, NodeSettings settings)
    {
        if (!settings.HasCache)
        {
            return services.AddSingleton<ICachePurge, NothingToPurge>();
        }

        var options = OptionsOf(settings);
        CacheStore.GiveBackLeftovers(options);
        services.AddSingleton<ICacheObserver, CacheMetrics>();
        services.AddSingleton<ContentUpstream>();
        services.AddHostedService<CacheWiring>();
        return services.AddHttpCache(options);
    }

    public static IApplicationBuilder UseCache(this IApplicationBuilder app)
    {
        var upstream = app.ApplicationServices.GetRequiredService<ContentUpstream>();
        return app.UseWhen(context => !EdgePaths.IsOwn(context.Request), content => content.UseHttpCache(upstream.Choose));
    }

    private static HttpCacheOptions OptionsOf(NodeSettings settings) => new()
    {
        Name = settings.Node.NodeName,
        ForwardHost = settings.Cache.ForwardHost,
        Methods = settings.Cache.MethodList,
        FollowRequests = settings.Cache.FollowRequests,
        TargetedFields = Csv.Split(settings.Cache.TargetedFields),
        MemoryBytes = settings.Cache.MemoryBytes,
        DiskBytes = settings.Cache.DiskBytes,
        DiskFree = settings.Cache.DiskFree,
        Directory = settings.Cache.Directory.Length > 0 ? settings.Cache.Directory : Path.Combine(settings.Node.DataDirectory, "cache"),
        MaxEntryBytes = settings.Cache.MaxEntryBytes,
        MaxRequestBytes = settings.Cache.MaxRequestBytes,
        Timeout = settings.Cache.Timeout,
        StaleIfError = settings.Cache.StaleIfError,
        PassFor = settings.Cache.PassFor,
    };

    /// <summary>Connects the cache with the metrics and with the users of its disk, before rooms open.</summary>
    private sealed class CacheWiring(
        HttpCacheOptions options, NodeSettings settings, CacheStore cache, DanmakuMetrics metrics, DiskWatch watch, IServiceProvider services) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            metrics.ObserveCache(() => [new("memory", cache.MemoryBytes), new("disk", cache.DiskBytes)]);
            if (services.GetService<SqliteRoomStore>() is { } rooms && new Disk(options.Directory).IsSameAs(new Disk(settings.Node.DataDirectory)))
            {
                rooms.MakeRoom = cache.MakeRoom;
                watch.Reclaimable = () => cache.DiskBytes;
            }

            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class CacheMetrics(DanmakuMetrics metrics) : ICacheObserver
    {
        public void Answered(string result) => metrics.CacheAnswered(result);

        public void UpstreamFailed() => metrics.OriginFailed();
    }

    /// <summary>A node without a cache.</summary>
    private sealed class NothingToPurge : ICachePurge
    {
        public int PurgeUrl(string url) => 0;

        public int PurgeTag(string tag) => 0;
    }
}
