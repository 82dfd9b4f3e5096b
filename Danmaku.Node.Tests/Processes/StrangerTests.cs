using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Whatever strangers send, and wherever they hang up: it is never a failure of the node, and its log has no word of it.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed partial class StrangerTests(StrangerTests.Shared shared) : IClassFixture<StrangerTests.Shared>
{
    private const string Post = "POST /api/rooms/lobby/danmaku HTTP/1.1\r\nHost: x\r\n";
    private const string Purge = "POST /api/purge HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer operator\r\n";
    private const string Json = "Content-Type: application/json\r\n";
    private const string Hi = """{"text":"hi"}""";
    private const string Room = """{"room":"lobby"}""";

    /// <summary>To which of a node's doors, what, and the status of the answer.</summary>
    public static TheoryData<string, string, int> Requests => new()
    {
        // JSON is UTF-8, whatever its type says of it (RFC 8259 §11); what is no JSON is another matter.
        { "http", Post + Body(Hi, "application/json; charset=\"utf-8\""), 200 },
        { "http", Post + Body(Hi, "application/json; charset=utf-16"), 200 },
        { "http", Post + Body(Hi, "application/json; charset=nonsense"), 200 },
        { "https", Post + Body(Hi, "application/json; charset=\"utf-8\""), 200 },
        { "operators", Purge + Body(Room, "application/json; charset=\"utf-8\""), 200 },
        { "operators", Purge + Body(Room, "application/json; charset=nonsense"), 200 },
        { "http", Post + Body(Hi, "APPLICATION/JSON"), 200 },
        { "http", Post + Body(Hi, "application/json; charset="), 200 },
        { "http", Post + Body(Hi, "application/json, text/plain"), 415 },
        { "http", Post + Body(Hi, "application/json; \xff"), 415 },
        { "http", Post + Body(Hi, "text/plain"), 415 },
        { "http", Post + Body(Hi, ""), 415 },
        { "operators", Purge + Body(Room, "text/plain"), 415 },

        // Odd JSON.
        { "http", Post + Body("\xef\xbb\xbf" + Hi), 200 },
        { "http", Post + Body("""{"text":"a","text":"b"}"""), 200 },
        { "http", Post + Body("""{"\ud83d\ude00":1,"text":"a"}"""), 200 },
        { "http", Post + Body("""{"text":"\ud800"}"""), 400 },
        { "http", Post + Body("""{"\ud800":1,"text":"a"}"""), 400 },
        { "http", Post + Body("{\"text\":\"\xff\"}"), 400 },
        { "http", Post + Body("{\"\xff\":1,\"text\":\"a\"}"), 200 },
        { "http", Post + Body("""{"text":"a","at":1e999}"""), 400 },
        { "http", Post + Body("""{"text":"a","at":99999999999999999999}"""), 400 },
        { "http", Post + Body("""{"text":"a","at":NaN}"""), 400 },
        { "http", Post + Body("""{"text":[]}"""), 400 },
        { "http", Post + Body($$"""{"x":{{new string('[', 1000)}}{{new string(']', 1000)}},"text":"a"}"""), 200 },
        { "http", Post + Body("\0\0\0\0"), 400 },
        { "http", Post + Body(Hi + "x"), 400 },
        { "http", Post + Body(""), 400 },
        { "operators", Purge + Body("""{"url":"\ud800"}"""), 400 },
        { "operators", Purge + Body("""{"url":"http://[::1"}"""), 400 },
        { "operators", Purge + Body("[]"), 400 },
        { "operators", Purge + Body("null"), 400 },

        // Broken bodies.
        { "http", Post + Json + "Transfer-Encoding: chunked\r\n\r\nd\r\n" + Hi + "\r\n0\r\n\r\n", 200 },
        { "http", Post + Json + "Transfer-Encoding: chunked\r\n\r\nd\r\n" + Hi + "\r\n0\r\nX: \xff\r\n\r\n", 200 },
        { "operators", Purge + Json + "Transfer-Encoding: chunked\r\n\r\n10\r\n" + Room + "\r\n0\r\nX: \xff\r\n\r\n", 200 },
        { "http", Post + Json + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400 },
        { "operators", Purge + Json + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400 },
        { "http", Post + Json + "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400 },
        { "http", Post + Json + "Transfer-Encoding: chunked\r\n\r\n2\r\nabXX", 400 },
        { "http", Post + Json + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400 },
        { "http", Post + Json + "Content-Length: -1\r\n\r\n", 400 },
        { "http", Post + Json + "Content-Length: 99999999999999999999\r\n\r\n", 400 },
        { "http", Post + Json + "Content-Length: 1000000000\r\n\r\n", 413 },
        { "http", "POST /none HTTP/1.0\r\nContent-Length: 0\r\n\r\n", 404 },

        // Bytes above 0x7F.
        { "http", "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=\xd6\xd0; b=\x80\x9f\r\n\r\n", 200 },
        { "https", "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=\xd6\xd0\r\n\r\n", 200 },
        { "operators", "GET /metrics HTTP/1.1\r\nHost: x\r\nCookie: a=\xd6\xd0\r\n\r\n", 200 },
        { "http", "GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"\xff\"\r\nIf-Modified-Since: \xff\r\nRange: \xff\r\nAccept-Encoding: \xff\r\nCache-Control: \xff\r\n\r\n", 200 },
        { "http", "GET /api/cluster HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \xff\r\nAuthorization: Bearer \xff\r\n\r\n", 200 },
        { "operators", "POST /api/purge HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\n" + Body(Room), 401 },
        { "http", Post + "Idempotency-Key: \xff\r\n" + Body(Hi), 400 },
        { "http", "GET /\xd6\xd0 HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "http", "GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", 400 },
        { "http", "GET / HTTP/1.1\r\nHost: x\r\nF\xff: y\r\n\r\n", 400 },
        { "http", "G\xffT / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },

        // Targets, methods and hosts.
        { "http", "GET /api/rooms HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
        { "http", "GET /api/rooms/ HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
        { "http", "GET /%d6%d0?%ff&% HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "http", "GET /%d6%d0?%ff HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
        { "http", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
        { "http", "GET http://x/?y HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
        { "http", "GET http://x/none HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
        { "http", "GET http://x/health/live HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
        { "http", "GET http://x/ HTTP/1.1\r\nHost: y\r\n\r\n", 400 },
        { "http", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "operators", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
        { "http", "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", 400 },
        { "http", "CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
        { "http", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
        { "http", "FOO / HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
        { "http", "DELETE /api/cluster HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
        { "http", "GET /ws/%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "http", "GET / HTTP/1.1\r\n\r\n", 400 },
        { "http", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "http", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400 },
        { "http", "GET / HTTP/1.1\r\nHost: xn--\r\n\r\n", 200 },
        { "http", "GET /openapi/v1.json HTTP/1.1\r\nHost: xn--\r\n\r\n", 400 },
        { "operators", "GET /openapi/v1.json HTTP/1.1\r\nHost: xn--\r\n\r\n", 400 },
        { "http", "GET /openapi/v1.json HTTP/1.1\r\nHost: xn--fiqs8s.example\r\n\r\n", 200 },
        { "http", "GET /" + new string('a', 20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414 },
        { "http", "GET / HTTP/1.1\r\nHost: x\r\nX: " + new string('a', 20_000) + "\r\n\r\n", 431 },
        { "http", "\r\n\r\nnothing\r\n\r\n", 400 },
        { "http", "\x16\x03\x01\x02\0\x01\0", 400 },

        // Handshakes.
        { "http", Upgrade("/ws/lobby", "Sec-WebSocket-Protocol: \xff"), 101 },
        { "http", Upgrade("/ws/lobby", "Sec-WebSocket-Extensions: ;;,permessage-deflate; \xff=1; server_max_window_bits=99"), 101 },
        { "https", Upgrade("/echo", "Cookie: \xff"), 101 },
        { "http", Upgrade("/ws/lobby", "Sec-WebSocket-Key: \xff"), 400 },
        { "http", Upgrade("/none", "X: y"), 404 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_request_is_answered_and_not_logged(string door, string request, int status)
    {
        var (_, stream) = await shared.ConnectAsync(door);
        await using var owned = stream;
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.Latin1);

        var line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.StartsWith($"HTTP/1.1 {status} ", line, StringComparison.Ordinal);
        await shared.HasSaidNothingAsync();
    }

    public static TheoryData<string, string> Talks
    {
        get
        {
            var talks = new TheoryData<string, string>();
            foreach (var door in (string[])["http", "https", "operators"])
            {
                talks.Add(door, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                talks.Add(door, "GET /openapi/v1.json HTTP/1.1\r\nHost: x\r\n\r\n");
                talks.Add(door, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
                talks.Add(door, "GET /api/rooms/lobby/history HTTP/1.1\r\nHost: x\r\n\r\n");
                talks.Add(door, Post + Body(Hi));
                talks.Add(door, Post + Json + "Transfer-Encoding: chunked\r\n\r\nd\r\n" + Hi + "\r\n");
                talks.Add(door, Post + Json + "Content-Length: 13\r\nExpect: 100-continue\r\n\r\n" + Hi);
                talks.Add(door, "POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde");
                talks.Add(door, Purge + Body(Room));
            }

            foreach (var door in (string[])["http", "https"])
            {
                foreach (var path in (string[])["/ws/lobby", "/echo"])
                {
                    talks.Add(door, Upgrade(path, "X: y") + Frames(RawClient.Frame(1, "hello"u8.ToArray())));
                    talks.Add(door, Upgrade(path, "X: y") + Frames(RawClient.Frame(8, [3, 232])));
                    talks.Add(door, Upgrade(path, "X: y") + Frames(RawClient.Frame(9, new byte[125]), RawClient.Frame(2, [1])));
                    talks.Add(door, Upgrade(path, "X: y") + Frames(RawClient.Frame(1, "a"u8.ToArray(), final: false), RawClient.Frame(1, "b"u8.ToArray())));
                    talks.Add(door, Upgrade(path, "X: y") + Frames(RawClient.Frame(1, "a"u8.ToArray(), masked: false)));
                }

                talks.Add(door, Upgrade("/ws/lobby", "Sec-WebSocket-Protocol: danmaku.v1.json")
                    + Frames(RawClient.Frame(1, """{"type":"join","history":50}"""u8.ToArray()), RawClient.Frame(1, """{"type":"post","id":"a","text":"x"}"""u8.ToArray())));
                talks.Add(door, Upgrade("/ws/lobby", "Sec-WebSocket-Protocol: danmaku.v1.json")
                    + Frames(RawClient.Frame(1, """{"type":"join","name":"\ud800","position":{"epoch":1e99}}"""u8.ToArray())));
            }

            return talks;
        }
    }

    /// <summary>After every part of what it has to say: at once, when the node has had time to begin with it, and when the node has answered.</summary>
    [Theory]
    [MemberData(nameof(Talks))]
    public async Task A_client_may_reset_its_connection_at_any_moment_and_nothing_is_logged(string door, string talk)
    {
        var bytes = Encoding.Latin1.GetBytes(talk);
        var head = talk.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        int[] cuts = [.. new[] { 0, 1, head / 2, head - 2, head, head + 1, (head + bytes.Length) / 2, bytes.Length - 1, bytes.Length }.Where(cut => cut <= bytes.Length).Distinct()];
        foreach (var cut in cuts)
        {
            for (var times = 0; times < 2; times++)
            {
                var (socket, stream) = await shared.ConnectAsync(door);
                await using var owned = stream;
                await stream.WriteAsync(bytes.AsMemory(0, cut));
                if (times % 2 == 1 && cut >= head)
                {
                    // The answer has begun: to the handshake, to the request, or with a refusal.
                    await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
                }

                socket.LingerState = new LingerOption(true, 0);
                socket.Close();
            }
        }

        await shared.HasSaidNothingAsync();
    }

    public static TheoryData<string> Greetings =>
    [
        "", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01", "\x16\x03\x01\0\x05hello", "\x16\x03\x01\xff\xff" + new string('a', 1000), "\x80\x2e\x01\0\x02",
        "\x15\x03\x01\0\x02\x02\0", new string('\0', 100), new string('\xff', 100),
    ];

    [Theory]
    [MemberData(nameof(Greetings))]
    public async Task A_client_without_TLS_is_disconnected_and_not_logged(string greeting)
    {
        foreach (var isReset in new[] { true, false })
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, shared.Secure.Port);
            await tcp.GetStream().WriteAsync(Encoding.Latin1.GetBytes(greeting));
            if (isReset)
            {
                tcp.LingerState = new LingerOption(true, 0);
            }
        }

        await shared.HasSaidNothingAsync();
    }

    [Fact]
    public async Task An_aborted_handshake_is_not_logged()
    {
        foreach (var isTrusted in new[] { true, false })
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, shared.Secure.Port);
            await using var tls = new SslStream(tcp.GetStream());

            var handshake = tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "x",
                RemoteCertificateValidationCallback = (_, _, _, _) =>
                {
                    if (isTrusted)
                    {
                        // The server has said all that it has to say, and waits.
                        tcp.LingerState = new LingerOption(true, 0);
                        tcp.Close();
                    }

                    return false;
                },
            });

            await Assert.ThrowsAnyAsync<Exception>(() => handshake);
        }

        await shared.HasSaidNothingAsync();
    }

    private static string Body(string json, string type = "application/json") => $"Content-Type: {type}\r\nContent-Length: {json.Length}\r\n\r\n{json}";

    private static string Upgrade(string path, string field) =>
        $"GET {path} HTTP/1.1\r\nHost: x\r\n{string.Concat(RawClient.Upgrade.Where(line => !line.StartsWith(field.Split(':')[0], StringComparison.Ordinal)).Append(field).Select(line => line + "\r\n"))}\r\n";

    private static string Frames(params byte[][] frames) => string.Concat(frames.Select(Encoding.Latin1.GetString));

    /// <summary>A node with all its doors: for everybody, the same with TLS, and for operators.</summary>
    public sealed partial class Shared : IAsyncLifetime, IAsyncDisposable
    {
        private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;
        private NodeProcess _node = null!;

        internal Uri Secure { get; } = new($"https://127.0.0.1:{Ports.Free(IPAddress.Loopback)}");

        public async Task InitializeAsync()
        {
            var certificate = Path.Combine(_data, "certificate.pfx");
            await File.WriteAllBytesAsync(certificate, Certificate());
            var url = new Uri($"http://127.0.0.1:{Ports.Free(IPAddress.Loopback)}");
            _node = new NodeProcess("alone", url,
            [
                $"urls={url};{Secure}", "Kestrel:Certificates:Default:Path=" + certificate, "Kestrel:Certificates:Default:Password=secret",
                "Danmaku:DataDirectory=" + _data, "Danmaku:OperatorKey=operator", "Danmaku:Connection:HttpPostsPerSecond=0", "Danmaku:Connection:ConnectsPerSecond=0",
            ]);
            await Eventually.TrueAsync(_node.IsReadyAsync, TimeSpan.FromSeconds(60), "the node is ready");
        }

        public async Task DisposeAsync()
        {
            Assert.Equal(0, await _node.StopAsync());
            Quiet();
            await _node.DisposeAsync();
            Directory.Delete(_data, recursive: true);
        }

        async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

        /// <param name="door">http, https or operators.</param>
        internal async Task<(Socket Socket, Stream Stream)> ConnectAsync(string door)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, (door switch { "http" => _node.Url, "https" => Secure, _ => _node.Operators.BaseAddress! }).Port);
            var stream = new NetworkStream(socket, ownsSocket: true);
            if (door != "https")
            {
                return (socket, stream);
            }

            var tls = new SslStream(stream);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Subject == "CN=localhost" });
            return (socket, tls);
        }

        /// <summary>So far, and that it goes on; what it says later is found when it has stopped.</summary>
        internal async Task HasSaidNothingAsync()
        {
            Assert.Equal("live", await _node.Http.GetStringAsync("/health/live"));
            Quiet();
        }

        private void Quiet()
        {
            var words = string.Join('\n', _node.Log.Where(line => !Information().IsMatch(line)));
            Assert.True(words.Length == 0, words);
        }

        private static byte[] Certificate()
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            return certificate.Export(X509ContentType.Pfx, "secret");
        }

        [GeneratedRegex(@"^\S+ \S+ info: ")]
        private static partial Regex Information();
    }
}
