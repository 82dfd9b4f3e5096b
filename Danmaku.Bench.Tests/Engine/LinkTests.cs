using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Danmaku.Bench.Engine;

namespace Danmaku.Bench.Tests.Engine;

/// <summary>What a connection makes of the bytes of a server that does as it is told.</summary>
public sealed class LinkTests : IDisposable
{
    private const byte Text = 0x81;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public LinkTests() => _listener.Start();

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Messages_are_the_same_however_the_bytes_are_split()
    {
        byte[] stream =
        [
            .. Frame(Text, Bytes(5)), .. Frame(0x89, []), .. Frame(Text, Bytes(300)), .. Frame(Text, []), .. Frame(Text, Bytes(70_000)), .. Frame(Text, Bytes(1)),
        ];

        foreach (var piece in new[] { 1, 2, 3, 7, 1000, stream.Length })
        {
            var heard = await HearAsync(async server =>
            {
                // One byte at a time only where headers are: the long message in the middle would take a minute.
                for (var at = 0; at < stream.Length;)
                {
                    var length = Math.Min(at is > 400 and < 70_000 ? 10_000 : piece, stream.Length - at);
                    await server.SendAsync(stream.AsMemory(at, length));
                    at += length;
                }
            }, messages: 5);

            Assert.Equal([5, 300, 0, 70_000, 1], heard.Messages.Select(message => message.Length));
            Assert.All(heard.Messages, message => Assert.Equal(Bytes(message.Length), message));
        }
    }

    [Fact]
    public async Task A_message_in_fragments_is_one_message_also_with_a_ping_between()
    {
        byte[] stream = [.. Frame(0x01, "ab"u8), .. Frame(0x00, "cd"u8), .. Frame(0x89, "?"u8), .. Frame(0x80, "e"u8)];

        var heard = await HearAsync(async server => await server.SendAsync(stream), messages: 1);

        Assert.Equal("abcde"u8, Assert.Single(heard.Messages));
    }

    [Fact]
    public async Task A_ping_is_answered_with_the_same_bytes()
    {
        byte[] answer = [];

        await HearAsync(async server =>
        {
            await server.SendAsync(Frame(0x89, "hi"u8));
            var buffer = new byte[8];
            await ReadExactlyAsync(server, buffer);
            answer = [buffer[0], buffer[1], (byte)(buffer[6] ^ buffer[2]), (byte)(buffer[7] ^ buffer[3])];
            await server.SendAsync(Frame(Text, "."u8));
        }, messages: 1);

        Assert.Equal([0x8A, 0x82, (byte)'h', (byte)'i'], answer);
    }

    [Theory]
    [InlineData(new byte[] { 0x88, 0x05, 0x03, 0xF5, (byte)'b', (byte)'y', (byte)'e' }, "1013 bye")]
    [InlineData(new byte[] { 0x88, 0x00 }, "closed without a code (1005)")]
    [InlineData(new byte[] { 0x81, 0x81, 1, 2, 3, 4, 5 }, "masked")]
    [InlineData(new byte[] { 0xC1, 0x01, 0x00 }, "reserved bits")]
    [InlineData(new byte[] { 0x82, 0x01, 0x00 }, "out of place")]
    [InlineData(new byte[] { 0x80, 0x01, 0x00 }, "out of place")]
    [InlineData(new byte[] { 0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0 }, "a WebSocket frame of")]
    public async Task How_a_connection_ends_is_told(byte[] bytes, string expected)
    {
        var heard = await HearAsync(async server => await server.SendAsync(bytes), messages: int.MaxValue);

        Assert.Contains(expected, heard.End, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_disconnects_without_a_Close_is_reported_too()
    {
        var heard = await HearAsync(server =>
        {
            server.Shutdown(SocketShutdown.Both);
            return Task.CompletedTask;
        }, messages: int.MaxValue);

        Assert.Contains("1006", heard.End, StringComparison.Ordinal);
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];

    private static byte[] Frame(byte first, ReadOnlySpan<byte> payload) => payload.Length switch
    {
        < 126 => [first, (byte)payload.Length, .. payload],
        < 65_536 => [first, 126, (byte)(payload.Length >> 8), (byte)payload.Length, .. payload],
        _ => [first, 127, 0, 0, 0, 0, 0, (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, .. payload],
    };

    /// <summary>Connects, lets the server do its part after the handshake, and listens until so many messages came or it is over.</summary>
    private async Task<Listener> HearAsync(Func<Socket, Task> serve, int messages)
    {
        var serving = ServeAsync(serve);
        var listener = new Listener();
        var clock = new RunClock(TimeProvider.System);
        using var loop = new LoadLoop(clock, Pollers.Create());
        var target = new Target(new Uri($"ws://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/ws/room"), null, isDeflateOffered: false);
        loop.Open(target, listener, source: null);
        await Task.Run(() => loop.Run(
            () => listener.Messages.Count >= messages || listener.End is not null || clock.Micros > Patience.TotalMicroseconds, () => long.MaxValue));
        await serving;
        return listener;
    }

    private async Task ServeAsync(Func<Socket, Task> serve)
    {
        using var server = await _listener.AcceptSocketAsync();
        var request = "";
        for (var buffer = new byte[4096]; !request.EndsWith("\r\n\r\n", StringComparison.Ordinal);)
        {
            request += Encoding.ASCII.GetString(buffer, 0, await server.ReceiveAsync(buffer));
        }

        var key = request.Split("\r\n").First(line => line.StartsWith("Sec-WebSocket-Key: ", StringComparison.Ordinal))[19..];
#pragma warning disable CA5350 // RFC 6455 asks for SHA-1.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await server.SendAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
        await serve(server);

        // Until the client has gone, so that nothing is lost with a reset.
        for (var buffer = new byte[4096]; server.Connected && await ReadAsync(server, buffer) > 0;)
        {
        }
    }

    private static async Task<int> ReadAsync(Socket socket, byte[] buffer)
    {
        try
        {
            return await socket.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromMilliseconds(200));
        }
        catch (Exception over) when (over is SocketException or TimeoutException)
        {
            return 0;
        }
    }

    private static async Task ReadExactlyAsync(Socket socket, byte[] buffer)
    {
        for (var length = 0; length < buffer.Length;)
        {
            length += await socket.ReceiveAsync(buffer.AsMemory(length));
        }
    }

    private sealed class Listener : ILinkOwner
    {
        public List<byte[]> Messages { get; } = [];

        public string? End { get; private set; }

        public void OnOpen()
        {
        }

        public void OnText(ReadOnlySpan<byte> payload, bool isDeflated) => Messages.Add(payload.ToArray());

        public void OnEnd(string how) => End = how;
    }
}
