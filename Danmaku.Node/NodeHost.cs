using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Danmaku.Core.Clocks;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Node.Auth;
using Danmaku.Node.Cache;
using Danmaku.Node.Conversations;
using Danmaku.Node.Disks;
using Danmaku.Node.Endpoints;
using Danmaku.Node.History;
using Danmaku.Node.Observability;
using Danmaku.Node.Operators;
using Danmaku.Node.Options;
using Danmaku.Node.Rooms;
using Danmaku.Node.Sockets;
using Danmaku.Node.Strangers;
using Danmaku.WebSockets.Kestrel;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Danmaku.Node;

/// <summary>Builds and runs a node.</summary>
internal static class NodeHost
{
    /// <summary>
    /// The longest time of stopping after <see cref="NodeOptions.DrainSeconds"/>: closing the last viewers, handing over rooms, leaving the cluster.
    /// </summary>
    private static readonly TimeSpan AfterDrain = TimeSpan.FromSeconds(35);

    /// <summary>The exit code of a node that the cluster has removed, or has not let in: a supervisor should start it again.</summary>
    private const int RemovedFromCluster = 255;

    /// <summary>Runs a node until it is told to stop. A failure to start is one line on standard error.</summary>
    /// <param name="addRooms">See <see cref="Create"/>.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, Action<IServiceCollection, NodeSettings>? addRooms = null)
    {
        SuddenEnd.WhenOutOfMemory();
        try
        {
            await using var app = Create(args, addRooms);
            var isRemoved = false;
            app.Lifetime.ApplicationStopping.Register(() => isRemoved = app.Services.GetRequiredService<IRooms>().HasEnded);
            if (await TryStartAsync(app))
            {
                app.LogStarted();
                await app.WaitForShutdownAsync();
            }

            return isRemoved ? RemovedFromCluster : 0;
        }
        catch (Exception error)
        {
            var isExpected = error is SettingsException or IOException or SocketException or FormatException;
            await Console.Error.WriteLineAsync("danmaku: " + (isExpected ? error.Message : error));
            return 1;
        }
    }

    /// <returns>Whether it has started; false when it was told to stop before.</returns>
    private static async Task<bool> TryStartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
            return true;
        }
        catch (Exception error) when (error is not SettingsException && ListenUrls.Explain(error, app.Configuration, app.Urls.Count) is { } why)
        {
            throw new SettingsException(why, error);
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await app.StopAsync();
            return false;
        }
    }

    /// <summary>Builds a node, not yet started.</summary>
    /// <param name="addRooms">Adds <see cref="IRooms"/> and <see cref="IPurger"/>; null adds the cluster's.</param>
    /// <exception cref="SettingsException">A setting is wrong.</exception>
    public static WebApplication Create(string[] args, Action<IServiceCollection, NodeSettings>? addRooms = null)
    {
        var builder = CreateBuilder(args);
        var settings = NodeSettings.Read(builder.Configuration);
        ConfigureServer(builder, settings);
        var hasStarted = false;
        ConfigureLogging(builder.Logging, () => hasStarted);
        AddServices(builder.Services, settings);
        (addRooms ?? RoomsRegistration.AddRooms)(builder.Services, settings);
        AddHistory(builder.Services);

        var app = builder.Build();
        app.Lifetime.ApplicationStarted.Register(() => hasStarted = true);
        UseMiddleware(app, settings);
        app.MapSockets();
        app.MapApi();
        app.MapHealth(app.Services.GetRequiredService<Readiness>());
        return app;
    }

    /// <summary>The configuration of a node. Its files are beside the executable, wherever it is started from.</summary>
    public static WebApplicationBuilder CreateBuilder(string[] args) => WebApplication.CreateBuilder(new WebApplicationOptions
    {
        Args = args,
        ApplicationName = typeof(NodeHost).Assembly.GetName().Name,
        ContentRootPath = AppContext.BaseDirectory,
        WebRootPath = "wwwroot",
    });

    private static void ConfigureServer(WebApplicationBuilder builder, NodeSettings settings)
    {
        ListenUrls.Check(builder.Configuration);
        if (!ListenUrls.AreSet(builder.Configuration))
        {
            builder.WebHost.UseUrls(ListenUrls.Default);
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.MaxMessageBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.ConfigureEndpointDefaults(endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1;
                endpoint.UseWebSocketTakeover();
            });
        });
        if (settings.Node.UsesEpoll)
        {
            builder.Services.AddBoundedTransport(isReserved: false);
        }

        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(settings.Node.DrainSeconds) + AfterDrain);
    }

    private static void ConfigureLogging(ILoggingBuilder logging, Func<bool> hasStarted)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd HH:mm:ss.fff ";
        });

        // RunAsync reports a failure to start; these loggers would add their stack traces.
        logging.AddFilter("Microsoft.Extensions.Hosting", level => hasStarted() && level >= LogLevel.Warning);
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", level => hasStarted() && level >= LogLevel.Warning);
        logging.AddFilter("Akka.Actor.ActorSystem", level => hasStarted() || level < LogLevel.Error);
    }

    private static void AddServices(IServiceCollection services, NodeSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton(new AgreedTime(TimeProvider.System));
        services.AddSingleton<TimeProvider>(provider => provider.GetRequiredService<AgreedTime>());

        // First, because services stop in reverse order: so operators can watch the node until it ends.
        services.AddSingleton<OperatorServer>();
        services.AddHostedService(provider => provider.GetRequiredService<OperatorServer>());
        services.AddSingleton(new Chance(RandomNumberGenerator.GetInt32(int.MaxValue)));
        services.AddSingleton<DanmakuMetrics>();
        services.AddAuth(settings.Auth);
        services.AddSingleton(settings.Connection);
        services.AddStrangers(settings);
        services.AddSingleton<SocketRegistry>();
        services.AddSingleton<SocketEndpoint>();
        services.AddSingleton<Drain>();
        services.AddSingleton<ConversationFactory>();
        services.AddSingleton<DiskWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<DiskWatch>());
        services.AddSingleton<Readiness>();
        AddEndpoints(services, settings);
        services.AddHostedService<SocketService>();
        services.AddApi("Danmaku");
        AddTelemetry(services, settings);
    }

    private static void AddEndpoints(IServiceCollection services, NodeSettings settings)
    {
        services.AddSingleton(provider => AddressLimiter.OfPosts(settings.Connection, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<RoomGate>();
        services.AddSingleton(new ClientMarks(RandomNumberGenerator.GetBytes(32)));
        services.AddSingleton<RequestCallers>();
        services.AddSingleton<PostEndpoint>();
        services.AddSingleton<RecallEndpoint>();
        services.AddSingleton<ClusterEndpoint>();
        services.AddSingleton<Page>();
        services.AddCache(settings);
        services.AddSingleton<IPurgeable, PurgeableCache>();
        services.AddSingleton<PurgeEndpoint>();
    }

    private static void AddTelemetry(IServiceCollection services, NodeSettings settings)
    {
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("danmaku", serviceInstanceId: settings.Node.NodeName))
            .WithMetrics(metrics => metrics.AddMeter(DanmakuMetrics.MeterName).AddPrometheusExporter());

        // Only this node's metrics, if the process has several nodes.
        services.ConfigureOpenTelemetryMeterProvider((provider, metrics) =>
        {
            var own = provider.GetRequiredService<DanmakuMetrics>();
            metrics.AddView(instrument => own.Has(instrument) ? null : MetricStreamConfiguration.Drop);
        });
    }

    /// <summary>Adds history over HTTP if there is a store.</summary>
    private static void AddHistory(IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(IRoomReader)))
        {
            services.AddSingleton<RoomHistory>();
            services.AddSingleton<HistoryEndpoint>();
        }
    }

    private static void UseMiddleware(WebApplication app, NodeSettings settings)
    {
        app.UseMiddleware<RequestGate>();
        if (settings.Node.TrustedProxyList is { Count: > 0 } proxies)
        {
            app.UseForwardedHeaders(Forwarding(proxies));
        }

        if (settings.Connection.HttpRequestsPerSecond > 0)
        {
            app.UseMiddleware<RequestBudget>();
        }

        var timeIsUp = app.Services.GetRequiredService<Drain>().TimeIsUp;
        app.Use(async (context, next) =>
        {
            await using var _ = timeIsUp.Register(context.Abort);
            await next(context);
        });
        if (settings.HasCache)
        {
            app.UseCache();
        }

        app.UseProblems();
        app.UseFilesWhileThereAreDescriptors();
        app.UseStaticFiles(new StaticFileOptions { OnPrepareResponse = Page.Prepare });

        // Here and not at the beginning: a hit needs no routing, and a request to this process as an origin is routed separately.
        app.UseRouting();
    }

    /// <summary>Reads the header backwards while trusted proxies wrote it.</summary>
    private static ForwardedHeadersOptions Forwarding(IReadOnlyList<System.Net.IPNetwork> proxies)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            options.KnownIPNetworks.Add(proxy);
        }

        return options;
    }

    private static void LogStarted(this WebApplication app)
    {
        var node = app.Services.GetRequiredService<NodeSettings>().Node;
        app.Logger.NodeStarted(node.NodeName, node.Roles, string.Join(", ", app.Urls), Path.GetFullPath(node.DataDirectory));
        if (app.Services.GetRequiredService<OperatorServer>().Urls is { Count: > 0 } urls)
        {
            app.Logger.OperatorsListen(string.Join(", ", urls));
        }
    }
}
