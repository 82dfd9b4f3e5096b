using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Danmaku.Node.Tests.Support;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.Node.Tests;

public sealed class TlsTests : IAsyncLifetime
{
    private readonly string _certificate = Path.GetTempFileName();
    private TestNode _node = null!;
    private Uri _secure = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllBytesAsync(_certificate, Certificate());
        _node = await TestNode.StartAsync(
            "--urls=http://127.0.0.1:0;https://127.0.0.1:0", $"--Kestrel:Certificates:Default:Path={_certificate}", "--Kestrel:Certificates:Default:Password=secret");
        var addresses = _node.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        _secure = new Uri(addresses.Single(address => address.StartsWith("https:", StringComparison.Ordinal)));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        File.Delete(_certificate);
    }

    [Fact]
    public async Task Viewers_with_and_without_TLS_are_in_the_same_room()
    {
        using var secure = await ConnectAsync($"wss://127.0.0.1:{_secure.Port}/ws/lobby");
        using var open = await ConnectAsync($"ws://127.0.0.1:{_node.Url.Port}/ws/lobby");

        for (var i = 0; i < 5; i++)
        {
            await SayAsync(secure, $"secure {i}");
            Assert.Equal($"secure {i}", await HearAsync(open));
            Assert.Equal($"secure {i}", await HearAsync(secure));
            await SayAsync(open, $"open {i}");
            Assert.Equal($"open {i}", await HearAsync(secure));
            Assert.Equal($"open {i}", await HearAsync(open));
        }

        await secure.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, secure.CloseStatus);
    }

    [Fact]
    public async Task It_speaks_HTTP_1_1_even_with_clients_that_support_more()
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", _secure.Port);
        await using var tls = new SslStream(tcp.GetStream());

        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = IsOurs,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        });

        Assert.Equal(SslApplicationProtocol.Http11, tls.NegotiatedApplicationProtocol);
    }

    private static async Task<ClientWebSocket> ConnectAsync(string url)
    {
        var client = new ClientWebSocket();
        client.Options.RemoteCertificateValidationCallback = IsOurs;
        await client.ConnectAsync(new Uri(url), CancellationToken.None);
        return client;
    }

    private static Task SayAsync(ClientWebSocket client, string text) =>
        client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);

    private static async Task<string> HearAsync(ClientWebSocket client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var buffer = new byte[256];
        var message = await client.ReceiveAsync(buffer, limit.Token);
        return Encoding.UTF8.GetString(buffer, 0, message.Count);
    }

    private static bool IsOurs(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate?.Subject == "CN=localhost";

    internal static byte[] Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return certificate.Export(X509ContentType.Pfx, "secret");
    }
}
