using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>The methods by which an application serves WebSockets with this library.</summary>
public static class KestrelWebSockets
{
    /// <summary>Accepts TCP connections over epoll. Linux only: see <see cref="EpollTransport.IsSupported"/>.</summary>
    /// <param name="guard">Bounds the connections; null for a guard that only reserves file descriptors for the rest of the process.</param>
    public static IServiceCollection AddEpollTransport(this IServiceCollection services, Func<IServiceProvider, ListenerGuard>? guard = null) => services
        .AddSingleton(guard ?? (_ => new ListenerGuard(Descriptors.OfThisProcess())))
        .AddSingleton<EpollTransport>()
        .AddSingleton<IConnectionListenerFactory>(provider => provider.GetRequiredService<EpollTransport>());

    /// <summary>Lets WebSockets of this endpoint outlive their request, if possible (docs/decisions/0010). Call it before TLS.</summary>
    public static ListenOptions UseWebSocketTakeover(this ListenOptions endpoint)
    {
        endpoint.Use(next => connection => ConnectionTakeover.UseAsync(connection, next));
        return endpoint;
    }

    /// <summary>
    /// Answers a request for a WebSocket with 101. <paramref name="serve"/> is called once, unless this throws; it must not keep anything of the request.
    /// </summary>
    /// <param name="serve">Serves the connection until it ends.</param>
    /// <param name="subprotocol">For <c>Sec-WebSocket-Protocol</c>; null for none.</param>
    /// <param name="extensions">For <c>Sec-WebSocket-Extensions</c>, such as what <see cref="PerMessageDeflate.Accept"/> returns; null for none.</param>
    /// <returns>True when the connection outlives the request and is still being served; false when it has been served.</returns>
    /// <exception cref="InvalidOperationException">The request is not for a WebSocket.</exception>
    public static async Task<bool> AcceptWebSocketAsync(
        this HttpContext context, Func<ClientConnection, Task> serve, string? subprotocol = null, string? extensions = null)
    {
        var takeover = HasTls(context) ? null : context.Features.Get<ConnectionTakeover>();
        var isTakenOver = takeover?.TryTakeOver(serve) == true;
        Stream stream;
        try
        {
            stream = await UpgradeAsync(context, subprotocol, extensions);
        }
        catch
        {
            if (isTakenOver)
            {
                takeover!.GiveBack();
            }

            throw;
        }

        if (!isTakenOver)
        {
            var abort = context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort;
            await serve(new ClientConnection(new StreamSource(stream), new StreamTarget(stream), abort));
        }

        return isTakenOver;
    }

    private static async Task<Stream> UpgradeAsync(HttpContext context, string? subprotocol, string? extensions)
    {
        // The outbox handles slow clients, not the HTTP server.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        SendBufferLimit.Bound(context.Features.Get<IConnectionSocketFeature>()?.Socket);

        var headers = context.Response.Headers;
        headers.Connection = "Upgrade";
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = OpeningHandshake.Accept(context.Request.Headers.SecWebSocketKey.ToString());
        if (subprotocol is not null)
        {
            headers.SecWebSocketProtocol = subprotocol;
        }

        if (extensions is not null)
        {
            headers.SecWebSocketExtensions = extensions;
        }

        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private static bool HasTls(HttpContext context) => context.Features.Get<ITlsHandshakeFeature>() is not null;
}
