using System.Text;
using Danmaku.Actors.Cluster;
using Danmaku.Node.Endpoints;
using Danmaku.Node.Options;
using Danmaku.Node.Strangers;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Danmaku.Node.Operators;

/// <summary>
/// The HTTP server for operators, at its own addresses (<see cref="OperatorOptions.Urls"/>). The server for everybody has none of its paths, so no spelling of
/// a path can reach it there (docs/decisions/0024). It runs from before the node joins until after it has left.
/// </summary>
internal sealed class OperatorServer(NodeSettings settings, IConfiguration configuration, IServiceProvider node)
    : IHostedService, IAsyncDisposable
{
    private const string Certificates = "Kestrel:Certificates";

    private WebApplication? _app;

    /// <summary>Where it listens; empty while it does not.</summary>
    public IReadOnlyList<string> Urls => _app is null ? [] : [.. _app.Urls];

    /// <summary>The configured addresses, as URLs that the server accepts.</summary>
    public static IEnumerable<string> Places(NodeSettings settings) => settings.Operator.UrlList.Select(url =>
    {
        var place = BindingAddress.Parse(url);
        return place.Host == OperatorOptions.PrivateHost
            ? new UriBuilder(place.Scheme, NodeAddress.ToHost(NodeAddress.In(settings.Cluster.NetworkList)), place.Port).Uri.GetLeftPart(UriPartial.Authority)
            : url;
    });

    /// <exception cref="SettingsException">It cannot listen on a configured address.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (settings.Operator.UrlList.Count == 0)
        {
            return;
        }

        string[] urls = [.. Places(settings)];
        _app = Build(urls);
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (Exception error) when (ListenUrls.Explain(error, $"{OperatorOptions.Section}:{nameof(OperatorOptions.Urls)}", urls, _app.Urls.Count) is { } why)
        {
            throw new SettingsException(why, error);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_app is { } app)
        {
            await app.DisposeAsync();
        }
    }


    private WebApplication Build(string[] urls)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseUrls(urls).ConfigureKestrel(Configure);
        if (settings.Node.UsesEpoll)
        {
            builder.Services.AddBoundedTransport(isReserved: true, node);
        }

        builder.Services.AddSingleton(node.GetRequiredService<ILoggerFactory>());
        builder.Services.AddSingleton<IHostLifetime, AsTheNode>();
        builder.Services.AddRouting();
        builder.Services.AddApi("Danmaku for operators");

        var app = builder.Build();
        app.UseProblems();
        app.MapOperators(node);
        return app;
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = settings.Connection.MaxMessageBytes;
        kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);

        // From the other server's configuration this one takes the certificates, and not the addresses.
        var certificates = configuration.GetSection(Certificates).AsEnumerable(makePathsRelative: true)
            .Select(setting => KeyValuePair.Create($"{nameof(Certificates)}:{setting.Key}", setting.Value));
        kestrel.Configure(new ConfigurationBuilder().AddInMemoryCollection(certificates).Build());
    }

    /// <summary>The node starts and stops it; no signal does.</summary>
    private sealed class AsTheNode : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
