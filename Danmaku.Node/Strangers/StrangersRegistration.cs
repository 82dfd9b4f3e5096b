using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Node.Observability;
using Danmaku.Node.Options;
using Danmaku.WebSockets.Kestrel;

namespace Danmaku.Node.Strangers;

/// <summary>Registers the limits for all clients together: memory and file descriptors.</summary>
internal static class StrangersRegistration
{
    public static IServiceCollection AddStrangers(this IServiceCollection services, NodeSettings settings) => services
        .AddSingleton(provider => CreateMemory(
            settings.Node.MemoryBytes,
            provider.GetRequiredService<DanmakuMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<MemoryBudget>>()))
        .AddSingleton(provider => CreateDescriptors(provider.GetRequiredService<DanmakuMetrics>()));

    /// <summary>Connections over epoll, counted in the limits for all clients.</summary>
    /// <param name="isReserved">Whether they are for operators.</param>
    /// <param name="node">The services that have the limits; null for these services.</param>
    public static IServiceCollection AddBoundedTransport(this IServiceCollection services, bool isReserved, IServiceProvider? node = null) =>
        services.AddEpollTransport(own => ActivatorUtilities.CreateInstance<ClientGuard>(node ?? own, isReserved));

    /// <summary>Refuses requests for files of the page when descriptors are short: each reads a file from the disk unless a cache answers.</summary>
    public static void UseFilesWhileThereAreDescriptors(this WebApplication app)
    {
        var descriptors = app.Services.GetRequiredService<Descriptors>();
        app.Use((context, next) =>
            descriptors.HasRoom || !app.Environment.WebRootFileProvider.GetFileInfo(context.Request.Path).Exists
                ? next(context)
                : RequestGate.RefuseAsync(context, "This node can open no more files at the moment."));
    }

    private static MemoryBudget CreateMemory(long bound, DanmakuMetrics metrics, TimeProvider time, ILogger logger)
    {
        var full = new Episode(time, logger.MemoryFree);
        var memory = new MemoryBudget(bound, kind =>
        {
            metrics.MemoryRefused(kind);
            if (full.Report())
            {
                logger.MemoryFull(bound);
            }
        });
        metrics.ObserveMemory(memory);
        return memory;
    }

    private static Descriptors CreateDescriptors(DanmakuMetrics metrics)
    {
        var descriptors = Descriptors.OfThisProcess();
        if (OperatingSystem.IsLinux())
        {
            metrics.ObserveDescriptors(Descriptors.Count, descriptors.Limit);
        }

        return descriptors;
    }
}
