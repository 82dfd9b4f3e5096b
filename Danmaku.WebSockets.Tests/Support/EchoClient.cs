using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Danmaku.WebSockets.Tests.Support;

/// <summary>A client of <see cref="EchoServer"/> that sends bytes as they are.</summary>
internal sealed class EchoClient : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TcpClient _tcp = new() { NoDelay = true };
    private Stream _stream = Stream.Null;

    public static async Task<EchoClient> ConnectAsync(int port, bool tls, ReaderOptions options)
    {
        var client = new EchoClient();
        await client._tcp.ConnectAsync("127.0.0.1", port);
        client._stream = client._tcp.GetStream();
        if (tls)
        {
            var secure = new SslStream(client._stream, false, (_, certificate, _, _) => certificate?.Subject == "CN=localhost");
            await secure.AuthenticateAsClientAsync("localhost");
            client._stream = secure;
        }

        var query = string.Create(CultureInfo.InvariantCulture, $"max={options.MaxMessageBytes}{(options.Deflate ? "&deflate" : "")}{(options.Binary ? "&binary" : "")}");
        await client.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        await client.ReadHeadAsync();
        return client;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes).AsTask().WaitAsync(Deadline);

    /// <summary>Reads so many bytes, and then says that it has nothing more to say.</summary>
    /// <returns>Them and all that comes until the server hangs up.</returns>
    public async Task<byte[]> ReadToEndAsync(int count)
    {
        using var all = new MemoryStream();
        var bytes = new byte[count];
        all.Write(bytes, 0, await _stream.ReadAtLeastAsync(bytes, count, throwOnEndOfStream: false).AsTask().WaitAsync(Deadline));
        try
        {
            _tcp.Client.Shutdown(SocketShutdown.Send);
            await _stream.CopyToAsync(all).WaitAsync(Deadline);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // The server may throw a connection away whose client has gone in the middle of a message.
        }

        return all.ToArray();
    }

    public void Dispose() => _tcp.Dispose();

    private async Task ReadHeadAsync()
    {
        var head = new List<byte>();
        var next = new byte[1];
        while (!head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            await _stream.ReadExactlyAsync(next).AsTask().WaitAsync(Deadline);
            head.Add(next[0]);
        }

        Assert.StartsWith("HTTP/1.1 101", Encoding.ASCII.GetString([.. head]), StringComparison.Ordinal);
    }
}
