using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Danmaku.Core.Wire;
using Danmaku.Node.Tests.Support;
using Danmaku.WebSockets;
using Danmaku.WebSockets.Tests.Conformance;
using Danmaku.WebSockets.Tests.Support;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.Node.Tests;

/// <summary>
/// Each case of the reader's conformance tests over every way in which a client's bytes reach it. A text is none of the protocol's messages, which closes with
/// 4002; whatever is wrong before that is seen by its own code.
/// </summary>
public sealed class SocketConformanceTests
{
    private const int MaxBytes = Case.MaxBytes;
    private const int Parallel = 16;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly ReaderOptions Options = new(MaxBytes) { Binary = false, Deflate = true };

    private static readonly string[] Unlimited =
    [
        $"--Danmaku:Connection:MaxMessageBytes={MaxBytes}", "--Danmaku:Connection:MessagesPerSecond=0", "--Danmaku:Connection:MessagesPerSecondPerAddress=0",
        "--Danmaku:Connection:ConnectsPerSecond=0", "--Danmaku:Connection:HttpRequestsPerSecond=0",
    ];

    private static readonly CloseReason[] Reasons = [CloseReason.ProtocolError, CloseReason.TextOnly, CloseReason.InvalidUtf8, CloseReason.TooBig];

    /// <param name="isFirst">Else the handshake is not the first request of its connection, and frames go through the HTTP server.</param>
    [SkippableTheory]
    [InlineData("epoll", false, true)]
    [InlineData("epoll", false, false)]
    [InlineData("epoll", true, true)]
    [InlineData("sockets", false, true)]
    [InlineData("sockets", false, false)]
    [InlineData("sockets", true, true)]
    public async Task Each_case_is_answered_as_it_should_be(string transport, bool tls, bool isFirst)
    {
        Skip.If(transport == "epoll" && !OperatingSystem.IsLinux(), "There is no epoll.");
        var certificate = Path.GetTempFileName();
        await File.WriteAllBytesAsync(certificate, TlsTests.Certificate());
        await using var node = await TestNode.StartAsync(
        [
            .. Unlimited, $"--Danmaku:Transport={transport}", "--urls=http://127.0.0.1:0;https://127.0.0.1:0",
            $"--Kestrel:Certificates:Default:Path={certificate}", "--Kestrel:Certificates:Default:Password=secret",
        ]);
        var addresses = node.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var port = new Uri(addresses.Single(address => address.StartsWith(tls ? "https:" : "http:", StringComparison.Ordinal))).Port;
        var wrong = new ConcurrentBag<string>();

        await System.Threading.Tasks.Parallel.ForEachAsync(Cases(), new ParallelOptions { MaxDegreeOfParallelism = Parallel }, async (tried, _) =>
        {
            var answer = Answer(tried.Bytes);
            var said = await SayAsync(port, tls, isFirst, tried.Bytes, answer.Length, new Random(tried.Name.Length));
            if (!said.SequenceEqual(answer))
            {
                wrong.Add($"{tried.Name}: {Convert.ToHexStringLower(said)} and not {Convert.ToHexStringLower(answer)}");
            }
        });

        File.Delete(certificate);
        Assert.Empty(wrong);
    }

    private static IEnumerable<Case> Cases() =>
        [.. FramingCases.All, .. FragmentCases.All, .. Utf8Cases.All, .. CloseCases.All, .. LimitCases.All.Where(found => found.Max == MaxBytes), .. DeflateCases.All];

    private static byte[] Answer(byte[] bytes)
    {
        var answer = new List<byte>();
        using var reader = new MessageReader(Options);
        for (var rest = bytes.ToArray().AsMemory(); reader.Read(rest, out var count) is { Kind: not ReceivedKind.Nothing } received; rest = rest[count..])
        {
            switch (received.Kind)
            {
                case ReceivedKind.Text:
                    return [.. answer, .. Close(CloseReason.Malformed.Code, CloseReason.Malformed.Text)];
                case ReceivedKind.Ping:
                    answer.AddRange(Wire.Answer(Wire.Pong, received.Payload));
                    break;
                case ReceivedKind.Close:
                    return [.. answer, .. Close(received.CloseCode == CloseCodes.None ? CloseCodes.Normal : received.CloseCode, "")];
                case ReceivedKind.Error:
                    return [.. answer, .. Close(received.Error!.CloseCode, Reasons.Single(reason => reason.Code == received.Error.CloseCode).Text)];
            }
        }

        return [.. answer];
    }

    private static byte[] Close(int code, string reason) => Wire.Answer(Wire.Close, Wire.ClosePayload(code, Wire.Utf8(reason)));

    /// <returns>So many bytes as are expected, and all that comes until the server hangs up.</returns>
    private static async Task<byte[]> SayAsync(int port, bool tls, bool isFirst, byte[] bytes, int expected, Random random)
    {
        using var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync("127.0.0.1", port);
        await using var stream = tls ? await SecureAsync(tcp.GetStream()) : tcp.GetStream();
        if (!isFirst)
        {
            await RequestAsync(stream, "HEAD /health/live HTTP/1.1\r\nHost: test\r\n\r\n", 200);
        }

        await RequestAsync(
            stream,
            "GET /ws/lobby HTTP/1.1\r\nHost: test\r\nSec-WebSocket-Protocol: danmaku.v1.json\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
                + string.Concat(RawClient.Upgrade.Select(header => header + "\r\n")) + "\r\n",
            101);
        using var said = new MemoryStream();
        try
        {
            // Nothing is proved by sending long messages in thousands of tiny pieces.
            var longest = Math.Max(random.Next(2) == 0 ? 7 : 5000, bytes.Length / 20);
            for (var sent = 0; sent < bytes.Length;)
            {
                var count = Math.Min(bytes.Length - sent, random.Next(1, longest + 1));
                await stream.WriteAsync(bytes.AsMemory(sent, count)).AsTask().WaitAsync(Deadline);
                sent += count;
            }

            var first = new byte[expected];
            said.Write(first, 0, await stream.ReadAtLeastAsync(first, expected, throwOnEndOfStream: false).AsTask().WaitAsync(Deadline));
            tcp.Client.Shutdown(SocketShutdown.Send);
            await stream.CopyToAsync(said).WaitAsync(Deadline);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // The server may throw a connection away whose client goes in the middle of what it says.
        }

        return said.ToArray();
    }

    private static async Task<Stream> SecureAsync(Stream stream)
    {
        var secure = new SslStream(stream, false, (_, certificate, _, _) => certificate?.Subject == "CN=localhost");
        await secure.AuthenticateAsClientAsync("localhost");
        return secure;
    }

    private static async Task RequestAsync(Stream stream, string request, int status)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request)).AsTask().WaitAsync(Deadline);
        var (head, next) = (new StringBuilder(), new byte[1]);
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(next).AsTask().WaitAsync(Deadline);
            head.Append((char)next[0]);
        }

        Assert.StartsWith($"HTTP/1.1 {status} ", head.ToString(), StringComparison.Ordinal);
    }
}
