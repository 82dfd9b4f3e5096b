using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Danmaku.WebSockets.Kestrel;
using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests;

/// <summary>Plain HTTP over the transport that WebSockets are taken from.</summary>
public sealed class BodyTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(100_000)]
    [InlineData(10_000_000)]
    public async Task Each_byte_of_a_body_arrives_over_epoll(int count)
    {
        Skip.IfNot(EpollTransport.IsSupported, "epoll exists only on Linux.");
        await using var server = await EchoServer.StartAsync(epoll: true, tls: false);
        using var client = new HttpClient { Timeout = Deadline };

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(EchoServer.Bytes(count), await client.GetByteArrayAsync(new Uri($"http://127.0.0.1:{server.Port}/bytes?count={count}")));
        }
    }

    [SkippableFact]
    public async Task A_slow_reader_gets_all_of_it_too()
    {
        const int Count = 5_000_000;
        Skip.IfNot(EpollTransport.IsSupported, "epoll exists only on Linux.");
        await using var server = await EchoServer.StartAsync(epoll: true, tls: false);
        using var client = new TcpClient { ReceiveBufferSize = 4096 };
        await client.ConnectAsync("127.0.0.1", server.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"GET /bytes?count={Count} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")));

        using var all = new MemoryStream();
        await stream.CopyToAsync(all, 1000).WaitAsync(Deadline);

        Assert.Equal(EchoServer.Bytes(Count), Body(all.ToArray()));
    }

    /// <summary>Of a response in chunks.</summary>
    private static byte[] Body(byte[] response)
    {
        using var body = new MemoryStream();
        var rest = response.AsSpan()[(response.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];
        while (int.Parse(rest[..rest.IndexOf("\r\n"u8)], NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var length and > 0)
        {
            rest = rest[(rest.IndexOf("\r\n"u8) + 2)..];
            body.Write(rest[..length]);
            rest = rest[(length + 2)..];
        }

        return body.ToArray();
    }
}
