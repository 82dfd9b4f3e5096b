using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Danmaku.WebSockets.Kestrel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Danmaku.WebSockets.Tests.Support;

/// <summary>A server that says back what it hears: also a sample of how little it takes. Its query says what it reads: <c>max</c>, <c>deflate</c>, <c>binary</c>.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EchoServer(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.First()).Port;

    public static async Task<EchoServer> StartAsync(bool epoll, bool tls)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1;
            endpoint.UseWebSocketTakeover();
            if (tls)
            {
                endpoint.UseHttps(Certificate());
            }
        }));
        if (epoll)
        {
            builder.Services.AddEpollTransport();
        }

        var app = builder.Build();
        app.MapGet("/", EchoAsync);
        app.MapGet("/bytes", context => context.Response.Body.WriteAsync(Bytes(int.Parse(context.Request.Query["count"]!, CultureInfo.InvariantCulture))).AsTask());
        await app.StartAsync();
        return new EchoServer(app);
    }

    /// <summary>What <c>/bytes</c> answers with.</summary>
    public static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static async Task EchoAsync(HttpContext context)
    {
        if (!OpeningHandshake.IsUpgrade(context.Request) || !OpeningHandshake.HasVersion(context.Request) || !OpeningHandshake.HasKey(context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return;
        }

        var query = context.Request.Query;
        var options = new ReaderOptions(int.Parse(query["max"]!, CultureInfo.InvariantCulture))
        {
            Deflate = query.ContainsKey("deflate"),
            Binary = query.ContainsKey("binary"),
        };
        await context.AcceptWebSocketAsync(connection => ServeAsync(connection, options));
    }

    private static async Task ServeAsync(ClientConnection connection, ReaderOptions options)
    {
        using var session = new WebSocketSession(connection.Target, new WebSocketSessionOptions(), null, connection.Abort, TimeProvider.System);
        using var reader = new ConnectionReader(connection.Source, options, new Listener(session), TimeProvider.System);
        await reader.RunAsync();
        await session.WrittenAsync();
    }

    private static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }

    private sealed class Listener(WebSocketSession session) : IClientListener
    {
        public bool IsClosing => session.IsClosing;

        public void Came() => session.Heard();

        public TimeSpan Pay() => TimeSpan.Zero;

        public async ValueTask HearAsync(Received received)
        {
            switch (received.Kind)
            {
                case ReceivedKind.Text:
                    await SayAsync(SharedFrame.EncodeText(received.Payload.Span));
                    break;
                case ReceivedKind.Binary:
                    await SayAsync(SharedFrame.EncodeBinary(received.Payload.Span));
                    break;
                case ReceivedKind.Ping:
                    session.Pong(received.Payload.Span);
                    break;
                case ReceivedKind.Close:
                    session.CloseBack(received.CloseCode);
                    break;
                case ReceivedKind.Error:
                    session.Close(received.Error!.CloseCode, "");
                    break;
            }
        }

        public void Failed(Exception error) => session.Abort();

        /// <summary>What a client has not read waits for it; while that is too much, the client is not read either.</summary>
        private async ValueTask SayAsync(byte[] frame)
        {
            if (!session.IsClosing && !session.TryWrite(new SharedFrame(frame), FrameKind.Data))
            {
                await session.WrittenAsync();
                session.TryWrite(new SharedFrame(frame), FrameKind.Data);
            }
        }
    }
}
