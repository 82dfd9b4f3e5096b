using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Where a danmaku stands; both 0 for one of which only the text is known.</summary>
internal readonly record struct SeenPosition(long Epoch, long Offset);

/// <summary>A viewer that reads all the time and keeps what it is told. Thread-safe.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private const string Hello = "hello, I am ";

    private const string NewEpoch = "new epoch: ";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Lock _gate = new();
    private readonly List<(SeenPosition Position, string Text)> _seen = [];
    private readonly List<(string Id, string Text)> _posts = [];
    private readonly Dictionary<string, SeenPosition> _acks = [];
    private readonly List<string> _surprises = [];
    private readonly List<string?> _moves = [];
    private readonly List<JsonElement> _recalls = [];
    private readonly bool _isPlain;
    private JsonElement? _welcome;
    private SeenPosition _position;
    private long _viewers;
    private Task _reading = Task.CompletedTask;

    private Follower(bool isPlain)
    {
        _isPlain = isPlain;
        if (!isPlain)
        {
            _socket.Options.AddSubProtocol("danmaku.v1.json");
        }
    }

    /// <summary>All danmaku so far, in the order in which they came.</summary>
    public IReadOnlyList<(SeenPosition Position, string Text)> Seen => Locked(() => _seen.ToArray());

    public IReadOnlyList<string> Texts => [.. Seen.Select(seen => seen.Text)];

    /// <summary>What it has said itself; ids are empty for plain text.</summary>
    public IReadOnlyList<(string Id, string Text)> Posts => Locked(() => _posts.ToArray());

    /// <summary>Where its posts stand, by post id.</summary>
    public IReadOnlyDictionary<string, SeenPosition> Acks => Locked(() => new Dictionary<string, SeenPosition>(_acks));

    /// <summary>What a viewer in an undisturbed room never hears: refusals, losses, holes.</summary>
    public IReadOnlyList<string> Surprises => Locked(() => _surprises.ToArray());

    /// <summary>Where it was told to move, each time; null for anywhere.</summary>
    public IReadOnlyList<string?> Moves => Locked(() => _moves.ToArray());

    /// <summary>What moderators have taken back, as it was told.</summary>
    public IReadOnlyList<JsonElement> Recalls => Locked(() => _recalls.ToArray());

    /// <summary>The last position it has; see docs/protocol.md §5.</summary>
    public SeenPosition Position => Locked(() => _position);

    /// <summary>How many viewers there are, as far as it was told.</summary>
    public long Viewers => Locked(() => _viewers);

    public JsonElement Welcome => Locked(() => _welcome!.Value);

    /// <summary>The edge that serves it.</summary>
    public string Node => Welcome.GetProperty("node").GetString()!;

    /// <summary>Ends with the connection, however that ends.</summary>
    public Task Ended => _reading;

    public (int? Code, string? Text) Close => ((int?)_socket.CloseStatus, _socket.CloseStatusDescription);

    /// <summary>A viewer of the full protocol, after its <c>welcome</c>.</summary>
    /// <param name="last">The last position it has, if it comes back.</param>
    public static async Task<Follower> JoinAsync(Uri edge, string room, SeenPosition? last = null, int history = 50)
    {
        var follower = await ConnectAsync(edge, room, isPlain: false);
        var position = last is { } known ? new { epoch = known.Epoch, offset = known.Offset } : null;
        await follower.SayAsync(JsonSerializer.Serialize<object>(
            position is null ? new { type = "join", history } : new { type = "join", history, position }));
        await follower.IsAsync(() => follower._welcome is not null, "it is welcome");
        return follower;
    }

    /// <summary>A viewer of plain text, after something it said came back: nothing else tells it that it is in the room.</summary>
    public static async Task<Follower> PlainAsync(Uri edge, string room)
    {
        var follower = await ConnectAsync(edge, room, isPlain: true);
        var hello = Hello + Guid.NewGuid();
        await follower.PostAsync(hello);
        await follower.SeesAsync(hello);
        return follower;
    }

    /// <summary>Whether it is what <see cref="PlainAsync"/> says.</summary>
    public static bool IsHello(string text) => text.StartsWith(Hello, StringComparison.Ordinal);

    /// <summary>Whether a surprise is none where rooms get a new origin.</summary>
    public static bool IsNewEpoch(string surprise) => surprise.StartsWith(NewEpoch, StringComparison.Ordinal);

    public async Task PostAsync(string text)
    {
        var id = _isPlain ? "" : Guid.NewGuid().ToString("n");
        lock (_gate)
        {
            _posts.Add((id, text));
        }

        await SayAsync(_isPlain ? text : JsonSerializer.Serialize(new { type = "post", id, text }));
    }

    /// <summary>Says something, and waits until that and all it said before is acknowledged and has come back.</summary>
    public async Task PostAndSeeAsync(string text)
    {
        await PostAsync(text);
        await SeesAsync(text);
        await IsAsync(() => _isPlain || _acks.Count == _posts.Count, $"all up to '{text}' is acknowledged");
    }

    /// <summary>Says 1, 2, 3 …, each when the one before has come back.</summary>
    public async Task PostUntilAsync(CancellationToken enough)
    {
        for (var i = 1; !enough.IsCancellationRequested; i++)
        {
            await PostAndSeeAsync($"{i}");
        }
    }

    /// <summary>Waits until it has seen a text.</summary>
    public Task SeesAsync(string text) => IsAsync(() => _seen.Any(seen => seen.Text == text), $"it sees '{text}'");

    /// <summary>Waits until it has been told of so many recalls.</summary>
    public Task HearsRecallsAsync(int count) => IsAsync(() => _recalls.Count >= count, $"it hears of {count} recalls");

    /// <summary>Waits until it knows how many viewers there are.</summary>
    public Task CountsAsync(long viewers) => IsAsync(() => _viewers == viewers, $"it counts {viewers} viewers");

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading.WaitAsync(Deadline);
        _socket.Dispose();
        _sending.Dispose();
    }

    private static async Task<Follower> ConnectAsync(Uri edge, string room, bool isPlain)
    {
        var follower = new Follower(isPlain);
        var url = new UriBuilder(edge) { Scheme = "ws", Path = "/ws/" + room }.Uri;
        await follower._socket.ConnectAsync(url, CancellationToken.None).WaitAsync(Deadline);
        follower._reading = follower.ReadAsync();
        return follower;
    }

    private async Task SayAsync(string text)
    {
        await _sending.WaitAsync();
        try
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            await _socket.SendAsync(bytes, WebSocketMessageType.Text, true, CancellationToken.None).WaitAsync(Deadline);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReadAsync()
    {
        var (buffer, message) = (new byte[64 * 1024], new MemoryStream());
        try
        {
            while (await _socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: WebSocketMessageType.Text } part)
            {
                message.Write(buffer, 0, part.Count);
                if (part.EndOfMessage)
                {
                    var text = Encoding.UTF8.GetString(message.ToArray());
                    message.SetLength(0);
                    lock (_gate)
                    {
                        Hear(text);
                    }
                }
            }

            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        }
        catch (Exception error) when (error is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Torn off, by the other side or by DisposeAsync.
        }
    }

    private void Hear(string text)
    {
        if (_isPlain)
        {
            _seen.Add((default, text));
            return;
        }

        var message = JsonElement.Parse(text);
        switch (message.GetProperty("type").GetString())
        {
            case "welcome":
                (_welcome, _position, _viewers) = (message, Read(message.GetProperty("position")), message.GetProperty("viewers").GetInt64());
                break;
            case "batch":
                HearBatch(message);
                break;
            case "ack":
                _acks.Add(message.GetProperty("id").GetString()!, Read(message.GetProperty("position")));
                break;
            case "move":
                _moves.Add(message.TryGetProperty("to", out var to) ? to.GetString() : null);
                break;
            case "viewers":
                _viewers = message.GetProperty("count").GetInt64();
                break;
            default:
                _surprises.Add(text);
                break;
        }
    }

    private void HearBatch(JsonElement batch)
    {
        var first = Read(batch);
        if (first != _position with { Offset = _position.Offset + 1 })
        {
            _surprises.Add($"{(first.Epoch > _position.Epoch ? NewEpoch : "")}a batch begins at {first} after {_position}");
        }

        foreach (var comment in batch.GetProperty("comments").EnumerateArray())
        {
            _position = first;
            if (comment.TryGetProperty("recall", out var recall))
            {
                _recalls.Add(recall);
            }

            _seen.Add((first, comment.GetProperty("text").GetString()!));
            first = first with { Offset = first.Offset + 1 };
        }
    }

    private static SeenPosition Read(JsonElement position) =>
        new(position.GetProperty("epoch").GetInt64(), position.GetProperty("offset").GetInt64());

    private async Task IsAsync(Func<bool> condition, string what)
    {
        try
        {
            await Eventually.TrueAsync(() => Locked(condition), Deadline, what);
        }
        catch (TimeoutException error)
        {
            var (late, surprises) = (string.Join(", ", Texts.TakeLast(3)), string.Join(", ", Surprises));
            throw new TimeoutException($"{error.Message}. Seen {Seen.Count}, of late {late}, closed with {Close}; {surprises}", error);
        }
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }
}
