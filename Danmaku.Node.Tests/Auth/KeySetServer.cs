using System.Net;
using System.Text.Json;
using Danmaku.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Danmaku.Node.Tests.Auth;

/// <summary>An identity server as far as its JSON Web Key Set goes.</summary>
internal sealed class KeySetServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _asked;

    private KeySetServer(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First() + "/jwks");

    /// <summary>How often it was asked.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>What it answers.</summary>
    public Func<IResult> Answer { get; set; } = () => Results.StatusCode(StatusCodes.Status503ServiceUnavailable);

    /// <summary>From now on it answers with these keys.</summary>
    public void Show(params object[] keys) => Answer = () => Results.Text(JsonSerializer.Serialize(new { keys }), "application/json");

    public static async Task<KeySetServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{Ports.Free(IPAddress.Loopback)}");
        var app = builder.Build();
        var server = new KeySetServer(app);
        app.MapGet("/jwks", () =>
        {
            Interlocked.Increment(ref server._asked);
            return server.Answer();
        });
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
