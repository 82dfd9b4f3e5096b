using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Support;

/// <summary>A client that sends and reads bytes, written from RFC 6455 alone, so that it can also do what no library does.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly byte[] Mask = [0x12, 0x34, 0x56, 0x78];

    private readonly TcpClient _tcp;
    private readonly NetworkStream _stream;

    private RawClient(TcpClient tcp) => (_tcp, _stream) = (tcp, tcp.GetStream());

    /// <summary>The response's headers, by lower-case name.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; private set; } = new Dictionary<string, string>();

    /// <param name="receiveBuffer">Bytes that the system takes in for a client that does not read; 0 for its default.</param>
    public static async Task<RawClient> ConnectAsync(Uri node, int receiveBuffer = 0)
    {
        var tcp = new TcpClient();
        if (receiveBuffer > 0)
        {
            tcp.ReceiveBufferSize = receiveBuffer;
        }

        await tcp.ConnectAsync(node.Host, node.Port);
        return new RawClient(tcp);
    }

    /// <summary>Connects and upgrades.</summary>
    /// <param name="path">Such as <c>/ws/lobby</c>.</param>
    public static async Task<RawClient> UpgradeAsync(Uri node, string path, string? subprotocol = null, int receiveBuffer = 0)
    {
        var client = await ConnectAsync(node, receiveBuffer);
        string[] protocol = subprotocol is null ? [] : ["Sec-WebSocket-Protocol: " + subprotocol];
        Assert.Equal(101, await client.RequestAsync(path, [.. Upgrade, .. protocol]));
        return client;
    }

    /// <summary>The headers of a good handshake; the key is that of RFC 6455 §1.3.</summary>
    public static IReadOnlyList<string> Upgrade { get; } =
        ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];

    /// <summary>Sends a request without a body and reads the head of its answer.</summary>
    /// <returns>The status.</returns>
    public async Task<int> RequestAsync(string path, IEnumerable<string> headers, string method = "GET")
    {
        var request = $"{method} {path} HTTP/1.1\r\nHost: test\r\n" + string.Concat(headers.Select(header => header + "\r\n")) + "\r\n";
        await SendBytesAsync(Encoding.ASCII.GetBytes(request));
        return await ReadHeadAsync();
    }

    /// <summary>Reads the head of an answer.</summary>
    /// <returns>The status.</returns>
    public async Task<int> ReadHeadAsync()
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await ReadBytesAsync(1))[0]);
        }

        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0].ToLowerInvariant(), pair => pair[1]);
        return int.Parse(lines[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Reads the body of an answer that says how long it is.</summary>
    public Task<byte[]> ReadBodyAsync() => ReadBytesAsync(int.Parse(Headers["content-length"], System.Globalization.CultureInfo.InvariantCulture));

    public Task SendTextAsync(string text) => SendAsync(1, Encoding.UTF8.GetBytes(text));

    /// <summary>Sends one frame.</summary>
    /// <param name="opcode">0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.</param>
    public Task SendAsync(int opcode, byte[] payload, bool final = true, bool masked = true) =>
        SendBytesAsync(Frame(opcode, payload, final, masked));

    public async Task SendBytesAsync(byte[] bytes) => await _stream.WriteAsync(bytes).AsTask().WaitAsync(Deadline);

    /// <summary>Sends bytes, however long the server does not take them.</summary>
    public async Task PushAsync(byte[] bytes, CancellationToken enough) => await _stream.WriteAsync(bytes, enough);

    public static byte[] Frame(int opcode, byte[] payload, bool final = true, bool masked = true)
    {
        var frame = new List<byte> { (byte)((final ? 0x80 : 0) | opcode) };
        var maskBit = masked ? 0x80 : 0;
        if (payload.Length < 126)
        {
            frame.Add((byte)(maskBit | payload.Length));
        }
        else
        {
            var length = new byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)payload.Length));
            frame.Add((byte)(maskBit | 126));
            frame.AddRange(length);
        }

        if (masked)
        {
            frame.AddRange(Mask);
        }

        frame.AddRange(payload.Select((b, i) => masked ? (byte)(b ^ Mask[i % 4]) : b));
        return [.. frame];
    }

    /// <summary>Reads one frame; null at the end of the connection.</summary>
    public async Task<(WebSocketFrame Frame, byte[] Bytes)?> ReadAsync() =>
        await ReadFrameAsync() is { } bytes ? (Assert.Single(WebSocketFrames.Read(bytes)), bytes) : null;

    /// <summary>Reads one frame as it is, also with an extension; null at the end of the connection.</summary>
    public async Task<byte[]?> ReadFrameAsync()
    {
        byte[] start;
        try
        {
            start = await ReadBytesAsync(2);
        }
        catch (Exception error) when (error is EndOfStreamException or IOException)
        {
            return null;
        }

        var extra = await ReadBytesAsync((start[1] & 0x7f) switch { 126 => 2, 127 => 8, _ => 0 });
        var length = extra.Length switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(extra),
            8 => (int)BinaryPrimitives.ReadInt64BigEndian(extra),
            _ => start[1],
        };
        return [.. start, .. extra, .. await ReadBytesAsync(length)];
    }

    /// <summary>The next text message; other frames are passed over.</summary>
    public async Task<string> ReadTextAsync() => Encoding.UTF8.GetString((await ReadUntilAsync(1)).Payload);

    /// <summary>The next frame of one kind; others are passed over.</summary>
    public async Task<WebSocketFrame> ReadUntilAsync(int opcode)
    {
        while (true)
        {
            var (frame, _) = await ReadAsync() ?? throw new EndOfStreamException("The server hung up.");
            if (frame.OpCode == opcode)
            {
                return frame;
            }
        }
    }

    /// <summary>The code and text of the Close frame; what comes before it is passed over.</summary>
    public async Task<(int Code, string Text)> ReadCloseAsync()
    {
        var payload = (await ReadUntilAsync(8)).Payload;
        return payload.Length == 0 ? (1005, "") : (BinaryPrimitives.ReadUInt16BigEndian(payload), Encoding.UTF8.GetString(payload.AsSpan(2)));
    }

    public void Dispose() => _tcp.Dispose();

    private async Task<byte[]> ReadBytesAsync(int count)
    {
        var bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(Deadline);
        return bytes;
    }
}
