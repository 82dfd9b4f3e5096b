using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Danmaku.WebSockets.Tests.Support;

/// <summary>A server that says back what it hears: also a sample of how little it takes. Its query says what it reads: <c>max</c>, <c>deflate</c>, <c>binary</c>.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private readonly WebApplication _app;

    private EchoServer(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.First()).Port;

    public static async Task<EchoServer> StartAsync(bool tls)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1;
            if (tls)
            {
                endpoint.UseHttps(Certificate());
            }
        }));
        var app = builder.Build();
        app.MapGet("/", EchoAsync);
        await app.StartAsync();
        return new EchoServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static async Task EchoAsync(HttpContext context)
    {
        var (query, headers) = (context.Request.Query, context.Response.Headers);
        var options = new ReaderOptions(int.Parse(query["max"]!, System.Globalization.CultureInfo.InvariantCulture))
        {
            Deflate = query.ContainsKey("deflate"),
            Binary = query.ContainsKey("binary"),
        };
        headers.Upgrade = "websocket";
        headers.Connection = "Upgrade";
        headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey!);
        await using var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        var listener = new Listener(stream, context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort);
        using var reader = new ConnectionReader(new StreamSource(stream), options, listener, TimeProvider.System);
        await reader.RunAsync();
    }

    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 asks for SHA-1; nothing is kept secret with it.")]
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));

    private static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }

    private sealed class Listener(Stream stream, Action abort) : IClientListener
    {
        public bool IsClosing { get; private set; }

        public void Came()
        {
        }

        public TimeSpan Pay() => TimeSpan.Zero;

        public ValueTask HearAsync(Received received) => received.Kind switch
        {
            ReceivedKind.Text => stream.WriteAsync(Wire.Answer(Wire.Text, received.Payload)),
            ReceivedKind.Binary => stream.WriteAsync(Wire.Answer(Wire.Binary, received.Payload)),
            ReceivedKind.Ping => stream.WriteAsync(Wire.Answer(Wire.Pong, received.Payload)),
            ReceivedKind.Close => CloseAsync(received.CloseCode == CloseCodes.None ? CloseCodes.Normal : received.CloseCode, received.Payload),
            ReceivedKind.Error => CloseAsync(received.Error!.CloseCode, default),
            _ => ValueTask.CompletedTask,
        };

        public void Failed(Exception error) => abort();

        /// <summary>The first Close frame is the last frame.</summary>
        private ValueTask CloseAsync(int code, ReadOnlyMemory<byte> reason)
        {
            if (IsClosing)
            {
                return ValueTask.CompletedTask;
            }

            IsClosing = true;
            return stream.WriteAsync(Wire.Answer(Wire.Close, Wire.ClosePayload(code, reason.ToArray())));
        }
    }
}
