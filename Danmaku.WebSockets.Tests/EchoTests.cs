using Danmaku.WebSockets.Kestrel;
using Danmaku.WebSockets.Tests.Conformance;
using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests;

/// <summary>A server over real sockets, over both transports, plain and with TLS.</summary>
public sealed class EchoTests
{
    private const int Connections = 1000;
    private const int Threads = 8;

    [SkippableTheory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Each_case_is_answered_as_it_should_be(bool epoll, bool tls)
    {
        Skip.If(epoll && !EpollTransport.IsSupported, "epoll exists only on Linux.");
        await using var server = await EchoServer.StartAsync(epoll, tls);
        var wrong = new System.Collections.Concurrent.ConcurrentBag<string>();

        await Parallel.ForEachAsync(ConformanceTests.Cases, new ParallelOptions { MaxDegreeOfParallelism = Threads }, async (named, _) =>
        {
            var (name, (expected, random)) = (named.Key, (named.Value, new Random(named.Key.Length)));
            using var client = await EchoClient.ConnectAsync(server.Port, tls, expected.Options);
            try
            {
                await SendInPiecesAsync(client, expected.Bytes, random.Next(2) == 0 ? 7 : 5000, random);
            }
            catch (IOException)
            {
                // It has hung up after an error already.
            }

            var answer = Answer(expected);
            var said = await client.ReadToEndAsync(answer.Length);
            if (!answer.SequenceEqual(said))
            {
                wrong.Add(name);
            }
        });

        Assert.Empty(wrong);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_thousand_connections_at_once_each_get_every_byte_that_is_theirs(bool epoll)
    {
        Skip.If(epoll && !EpollTransport.IsSupported, "epoll exists only on Linux.");
        await using var server = await EchoServer.StartAsync(epoll, tls: false);
        var wrong = new System.Collections.Concurrent.ConcurrentBag<int>();

        await Parallel.ForAsync(0, Connections, new ParallelOptions { MaxDegreeOfParallelism = Connections }, async (number, _) =>
        {
            var random = new Random(number);
            var (bytes, answer) = (new List<byte>(), new List<byte>());
            for (var i = 0; i < 20; i++)
            {
                var text = Wire.Utf8($"{number} {i} {new string('x', random.Next(random.Next(10) == 0 ? 4000 : 60))}");
                bytes.AddRange(i % 5 == 0 ? [.. Wire.Frame(Wire.Text, text[..3], false), .. Wire.Frame(Wire.Continuation, text[3..])] : Wire.Frame(Wire.Text, text));
                answer.AddRange(Wire.Answer(Wire.Text, text));
            }

            bytes.AddRange(Wire.CloseFrame(1000));
            answer.AddRange(Wire.Answer(Wire.Close, Wire.ClosePayload(1000, [])));
            using var client = await EchoClient.ConnectAsync(server.Port, tls: false, new ReaderOptions(5000));
            await SendInPiecesAsync(client, [.. bytes], 2000, random);
            var said = await client.ReadToEndAsync(answer.Count);
            if (!answer.SequenceEqual(said))
            {
                wrong.Add(number);
            }
        });

        Assert.Empty(wrong);
    }

    private static async Task SendInPiecesAsync(EchoClient client, byte[] bytes, int longest, Random random)
    {
        // Nothing is proved by sending long messages in thousands of tiny pieces.
        longest = Math.Max(longest, bytes.Length / 20);
        for (var sent = 0; sent < bytes.Length;)
        {
            var count = Math.Min(bytes.Length - sent, random.Next(1, longest + 1));
            await client.SendAsync(bytes.AsMemory(sent, count));
            sent += count;
        }
    }

    /// <summary>What the server has to say to all of it: nothing after its first Close frame.</summary>
    private static byte[] Answer(Case expected)
    {
        var answer = new List<byte>();
        using var reader = new MessageReader(expected.Options);
        for (var rest = expected.Bytes.ToArray().AsMemory(); reader.Read(rest, out var count) is { Kind: not ReceivedKind.Nothing } received; rest = rest[count..])
        {
            switch (received.Kind)
            {
                case ReceivedKind.Text:
                    answer.AddRange(Wire.Answer(Wire.Text, received.Payload));
                    break;
                case ReceivedKind.Binary:
                    answer.AddRange(Wire.Answer(Wire.Binary, received.Payload));
                    break;
                case ReceivedKind.Ping:
                    answer.AddRange(Wire.Answer(Wire.Pong, received.Payload));
                    break;
                case ReceivedKind.Close:
                    var code = received.CloseCode == CloseCodes.None ? CloseCodes.Normal : received.CloseCode;
                    answer.AddRange(Wire.Answer(Wire.Close, Wire.ClosePayload(code, [])));
                    return [.. answer];
                case ReceivedKind.Error:
                    answer.AddRange(Wire.Answer(Wire.Close, Wire.ClosePayload(received.Error!.CloseCode, [])));
                    return [.. answer];
            }
        }

        return [.. answer];
    }
}
