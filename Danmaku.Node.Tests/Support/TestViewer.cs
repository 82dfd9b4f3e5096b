using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Danmaku.Node.Tests.Support;

/// <summary>A viewer on an ordinary WebSocket library. Messages are read when the test asks for them.</summary>
internal sealed class TestViewer : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _socket = new();

    private TestViewer()
    {
    }

    public ClientWebSocket Socket => _socket;

    /// <summary>Plain text: no subprotocol.</summary>
    /// <param name="path">Such as <c>/ws/lobby</c>.</param>
    public static Task<TestViewer> PlainAsync(Uri node, string path) => ConnectAsync(node, path, null);

    /// <summary>The full protocol, before its <c>join</c>.</summary>
    public static Task<TestViewer> JsonAsync(Uri node, string path) => ConnectAsync(node, path, "danmaku.v1.json");

    /// <summary>The full protocol, after its <c>welcome</c>.</summary>
    public static async Task<(TestViewer Viewer, JsonElement Welcome)> JoinAsync(Uri node, string room, object? join = null)
    {
        var viewer = await JsonAsync(node, "/ws/" + room);
        await viewer.SayAsync(join ?? new { type = "join" });
        return (viewer, await viewer.HearAsync("welcome"));
    }

    public static string NewId() => Guid.NewGuid().ToString("n");

    public Task SendAsync(string text, WebSocketMessageType type = WebSocketMessageType.Text) =>
        _socket.SendAsync(Encoding.UTF8.GetBytes(text), type, true, CancellationToken.None).WaitAsync(Deadline);

    public Task SayAsync(object message) => SendAsync(JsonSerializer.Serialize(message));

    /// <summary>Posts, and returns the id.</summary>
    public async Task<string> PostAsync(string text)
    {
        var id = NewId();
        await SayAsync(new { type = "post", id, text });
        return id;
    }

    /// <summary>The next text message.</summary>
    public async Task<string> ReadAsync() =>
        await TryReadAsync() ?? throw new EndOfStreamException($"Closed with {_socket.CloseStatus} {_socket.CloseStatusDescription}");

    /// <summary>The next text messages.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(int count)
    {
        var texts = new List<string>();
        while (texts.Count < count)
        {
            texts.Add(await ReadAsync());
        }

        return texts;
    }

    /// <summary>The text messages that come before the server closes.</summary>
    public async Task<IReadOnlyList<string>> ReadToEndAsync()
    {
        var texts = new List<string>();
        while (await TryReadAsync() is { } text)
        {
            texts.Add(text);
        }

        return texts;
    }

    /// <summary>The next message of one type; others are passed over.</summary>
    public async Task<JsonElement> HearAsync(string type)
    {
        while (true)
        {
            var message = JsonElement.Parse(await ReadAsync());
            if (message.GetProperty("type").GetString() == type)
            {
                return message;
            }
        }
    }

    /// <summary>The next <paramref name="count"/> danmaku, as position and text.</summary>
    public async Task<IReadOnlyList<(long Epoch, long Offset, string Text)>> WatchAsync(int count)
    {
        var seen = new List<(long, long, string)>();
        while (seen.Count < count)
        {
            var batch = await HearAsync("batch");
            var (epoch, offset) = (batch.GetProperty("epoch").GetInt64(), batch.GetProperty("offset").GetInt64());
            var texts = batch.GetProperty("comments").EnumerateArray().Select(comment => comment.GetProperty("text").GetString()!);
            seen.AddRange(texts.Select((text, i) => (epoch, offset + i, text)));
        }

        return seen;
    }

    /// <summary>The code and text with which the server closes; what comes before is passed over.</summary>
    public async Task<(int Code, string? Text)> ClosedAsync()
    {
        await ReadToEndAsync();
        return ((int)_socket.CloseStatus!, _socket.CloseStatusDescription);
    }

    public Task CloseAsync() => _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).WaitAsync(Deadline);

    public void Dispose() => _socket.Dispose();

    private static async Task<TestViewer> ConnectAsync(Uri node, string path, string? subprotocol)
    {
        var viewer = new TestViewer();
        if (subprotocol is not null)
        {
            viewer._socket.Options.AddSubProtocol(subprotocol);
        }

        await viewer._socket.ConnectAsync(new UriBuilder(node) { Scheme = "ws", Path = path }.Uri, CancellationToken.None).WaitAsync(Deadline);
        Assert.Equal(subprotocol, viewer._socket.SubProtocol);
        return viewer;
    }

    private async Task<string?> TryReadAsync()
    {
        if (_socket.CloseStatus is not null)
        {
            return null;
        }

        var (buffer, message) = (new byte[16 * 1024], new MemoryStream());
        while (true)
        {
            var part = await _socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Deadline);
            message.Write(buffer, 0, part.Count);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).WaitAsync(Deadline);
                return null;
            }

            if (part.EndOfMessage)
            {
                return Encoding.UTF8.GetString(message.ToArray());
            }
        }
    }
}
