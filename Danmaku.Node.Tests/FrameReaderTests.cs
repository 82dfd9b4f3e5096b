using System.Net.WebSockets;
using System.Text;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Node.Conversations;
using Danmaku.Node.Options;
using Danmaku.Node.Sockets;
using Danmaku.Node.Tests.Support;
using Danmaku.Node.Transport;
using Danmaku.Testing;

namespace Danmaku.Node.Tests;

/// <summary>What is heard of a client's bytes, whoever of reader and library has read them.</summary>
public sealed class FrameReaderTests : IDisposable
{
    private const int MaxBytes = 1000;
    private const int Text = 1;
    private const int Ping = 9;
    private const int Pong = 10;

    private static readonly byte[] Large = Encoding.UTF8.GetBytes(new string('x', MaxBytes));

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly DanmakuMetrics _metrics = new();
    private readonly Output _output = new();
    private readonly MemoryBudget _memory = new(1024 * 1024);
    private readonly Source _source = new();
    private readonly FeedStream _feed;
    private readonly ViewerSocket _socket;
    private readonly Listener _listener = new();
    private readonly FrameReader _reader;

    public FrameReaderTests()
    {
        FrameReader? reader = null;
        _feed = new FeedStream(() => reader?.OnLibraryWaiting(), _memory);
        _socket = new ViewerSocket(_feed, _output, inflates: false, new ConnectionOptions(), _memory, () => { }, _metrics, TimeProvider.System);
        reader = new FrameReader(_source, _feed, _socket, new ReadLoop(_socket, _listener, MaxBytes, _memory), MaxBytes, _memory, TimeProvider.System);
        _reader = reader;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _feed.Dispose();
        _output.Dispose();
        _metrics.Dispose();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 20)]
    [InlineData(4, 200)]
    [InlineData(5, 5000)]
    public async Task However_the_bytes_are_cut_each_message_is_heard_once_and_in_order(int seed, int longest)
    {
        await HearsAllAsync(_reader, new Random(seed), 400, longest);
    }

    [Theory]
    [InlineData(6, 2)]
    [InlineData(7, 20)]
    [InlineData(8, 5000)]
    public async Task Who_is_read_slowly_is_heard_all_the_same(int seed, int longest)
    {
        FrameReader? reader = null;
        using var feed = new FeedStream(() => reader?.OnLibraryWaiting(), _memory);
        var budget = new MessageBudget(2000, 5, null, TimeProvider.System);
        using var socket = new ViewerSocket(feed, _output, inflates: false, new ConnectionOptions(), _memory, () => { }, _metrics, TimeProvider.System, budget);
        reader = new FrameReader(_source, feed, socket, new ReadLoop(socket, _listener, MaxBytes, _memory), MaxBytes, _memory, TimeProvider.System);
        await HearsAllAsync(reader, new Random(seed), 30, longest);
    }

    [Fact]
    public async Task A_client_that_says_nothing_unusual_costs_no_library()
    {
        var running = _reader.RunAsync();

        await _source.SendAsync(RawClient.Frame(Text, "a"u8.ToArray()));
        await _source.SendAsync(RawClient.Frame(Pong, "b"u8.ToArray()));

        Assert.Equal(["a"], _listener.Heard);
        Assert.False(_feed.IsWaiting);
        await _source.SendAsync(RawClient.Frame(Ping, []));
        Assert.True(_feed.IsWaiting);
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task A_frame_without_a_mask_ends_it()
    {
        var running = _reader.RunAsync();

        await _source.SendAsync(RawClient.Frame(Text, "a"u8.ToArray()));
        await _source.SendAsync(RawClient.Frame(Text, "b"u8.ToArray(), masked: false));

        Assert.Equal(WebSocketError.Faulted, (await Assert.ThrowsAsync<WebSocketException>(() => running.WaitAsync(Deadline))).WebSocketErrorCode);
        Assert.Equal(["a"], _listener.Heard);
    }

    [Fact]
    public async Task A_bug_of_ours_comes_out_where_it_runs()
    {
        var running = _reader.RunAsync();

        await _source.SendAsync(RawClient.Frame(Text, "bug"u8.ToArray()));

        await Assert.ThrowsAsync<InvalidOperationException>(() => running.WaitAsync(Deadline));
    }

    [Fact]
    public async Task An_end_without_a_close_frame_is_a_loss()
    {
        var running = _reader.RunAsync();
        await _source.SendAsync(RawClient.Frame(Text, "a"u8.ToArray())[..3]);

        _source.Sink.End();

        Assert.Equal(
            WebSocketError.ConnectionClosedPrematurely, (await Assert.ThrowsAsync<WebSocketException>(() => running.WaitAsync(Deadline))).WebSocketErrorCode);
    }

    [Fact]
    public async Task What_came_before_the_end_is_heard_first()
    {
        var running = _reader.RunAsync();

        var isTaken = _source.Sink.Take((byte[])[.. RawClient.Frame(Text, "slow"u8.ToArray()), .. RawClient.Frame(Text, "b"u8.ToArray())]);
        _source.Sink.End();

        Assert.False(isTaken);
        Assert.False(running.IsCompleted);
        _listener.Slow.SetResult();
        await Assert.ThrowsAsync<WebSocketException>(() => running.WaitAsync(Deadline));
        Assert.Equal(["slow", "b"], _listener.Heard);
    }

    [Fact]
    public async Task Nobody_is_heard_any_more_when_it_has_ended()
    {
        var running = _reader.RunAsync();
        _source.Sink.Take(RawClient.Frame(Text, "slow"u8.ToArray()));

        _source.Sink.End();
        _listener.Slow.SetResult();
        await Assert.ThrowsAsync<WebSocketException>(() => running.WaitAsync(Deadline));

        Assert.True(_listener.HasHeardOut);
    }

    [Fact]
    public async Task Who_is_hung_up_on_before_anything_was_heard_is_waited_for()
    {
        var lingering = _reader.LingerAsync();

        await _source.SendAsync("anything"u8.ToArray());
        Assert.False(lingering.IsCompleted);
        _source.Sink.End();

        await lingering.WaitAsync(Deadline);
        Assert.Empty(_listener.Heard);
    }

    [Fact]
    public async Task Half_a_message_counts_until_it_is_heard()
    {
        _ = _reader.RunAsync();
        var messages = Enumerable.Range(0, 3).SelectMany(_ => RawClient.Frame(Text, Large)).ToArray();
        await _source.SendAsync(RawClient.Frame(Text, "slow"u8.ToArray()), Task.CompletedTask);

        _source.Sink.Take(messages.AsMemory(0, messages.Length - 1));
        Assert.InRange(_memory.UsedFor(MemoryKind.Input), messages.Length, 2 * messages.Length);
        _listener.Slow.SetResult();
        await Eventually.TrueAsync(() => _listener.Heard.Count == 3);
        await _source.SendAsync(messages[^1..]);

        await Eventually.TrueAsync(() => _listener.Heard.Count == 4 && _memory.Used == 0);
    }

    [Fact]
    public async Task A_short_message_in_two_pieces_is_heard_where_there_is_no_memory_left()
    {
        _ = _reader.RunAsync();
        _memory.Take(MemoryKind.Connections, _memory.Bound);
        var message = RawClient.Frame(Text, new byte[900]);

        await _source.SendAsync(message[..100]);
        await _source.SendAsync(message[100..]);

        Assert.Single(_listener.Heard);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_needs_memory_that_is_not_there_is_closed_and_keeps_nothing(bool isFragmented)
    {
        var running = _reader.RunAsync();
        _memory.Take(MemoryKind.Connections, _memory.Bound);
        byte[] many = [.. RawClient.Frame(Text, "slow"u8.ToArray()), .. RawClient.Frame(Text, Large), .. RawClient.Frame(Text, Large)];

        _source.Sink.Take(isFragmented ? RawClient.Frame(Text, Large, final: false) : many);
        _listener.Slow.SetResult();

        await Eventually.TrueAsync(() => WebSocketFrames.Read(_output.Written).Count > 0);
        var close = Assert.Single(WebSocketFrames.Read(_output.Written));
        Assert.Equal((8, "no memory left"), (close.OpCode, Encoding.UTF8.GetString(close.Payload.AsSpan(2))));
        Assert.Equal(0, _memory.UsedFor(MemoryKind.Input));
        _source.Sink.End();
        await Assert.ThrowsAsync<WebSocketException>(() => running.WaitAsync(Deadline));
    }

    /// <summary>Gets a talk in pieces of random lengths, and is to hear and answer all of it.</summary>
    private async Task HearsAllAsync(FrameReader reader, Random random, int messages, int longest)
    {
        var (bytes, said, pings) = Talk(random, messages);
        var running = reader.RunAsync();
        for (var sent = 0; sent < bytes.Length;)
        {
            var count = Math.Min(bytes.Length - sent, random.Next(1, longest + 1));
            await _source.SendAsync(bytes.AsSpan(sent, count).ToArray(), running);
            sent += count;
        }

        await running.WaitAsync(Deadline);
        Assert.Equal(said, _listener.Heard);
        Assert.Equal(pings, WebSocketFrames.Read(_output.Written).Where(frame => frame.OpCode == Pong).Select(frame => Encoding.UTF8.GetString(frame.Payload)));
    }

    /// <summary>What a client may say: whole messages, messages in pieces with Pings between them, Pongs, and a Close frame at the end.</summary>
    private static (byte[] Bytes, List<string> Said, List<string> Pings) Talk(Random random, int count)
    {
        var (bytes, said, pings) = (new List<byte>(), new List<string>(), new List<string>());
        for (var i = 0; i < count; i++)
        {
            var text = $"{i} " + new string((char)random.Next('a', 'z' + 1), random.Next(10) == 0 ? random.Next(MaxBytes - 10) : random.Next(100));
            switch (random.Next(8))
            {
                case 0:
                    SayPing();
                    break;
                case 1:
                    bytes.AddRange(RawClient.Frame(Pong, Encoding.UTF8.GetBytes($"{i}")));
                    break;
                case 2:
                    SayInPieces(Encoding.UTF8.GetBytes(text));
                    said.Add(text);
                    break;
                default:
                    bytes.AddRange(RawClient.Frame(Text, Encoding.UTF8.GetBytes(text)));
                    said.Add(text);
                    break;
            }
        }

        bytes.AddRange(RawClient.Frame(8, [0x03, 0xe8]));
        return ([.. bytes], said, pings);

        void SayPing()
        {
            pings.Add($"ping {pings.Count}");
            bytes.AddRange(RawClient.Frame(Ping, Encoding.UTF8.GetBytes(pings[^1])));
        }

        void SayInPieces(byte[] message)
        {
            var cut = random.Next(message.Length);
            bytes.AddRange(RawClient.Frame(Text, message[..cut], final: false));
            SayPing();
            bytes.AddRange(RawClient.Frame(0, message[cut..]));
        }
    }

    /// <summary>A connection whose bytes the test sends, and waits until it may send more.</summary>
    private sealed class Source : IByteSource
    {
        private TaskCompletionSource _resumed = New();

        public IByteSink Sink { get; private set; } = null!;

        public void Begin(IByteSink sink) => Sink = sink;

        public void Resume() => Volatile.Read(ref _resumed).TrySetResult();

        /// <param name="running">Who has ended takes no more.</param>
        public async Task SendAsync(byte[] bytes, Task? running = null)
        {
            Volatile.Write(ref _resumed, New());
            if (!Sink.Take(bytes))
            {
                await Task.WhenAny(_resumed.Task, running ?? _resumed.Task).WaitAsync(Deadline);
            }
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Now and then it takes its time.</summary>
    private sealed class Listener : Conversation
    {
        public List<string> Heard { get; } = [];

        /// <summary>Until then it listens to "slow".</summary>
        public TaskCompletionSource Slow { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool HasHeardOut { get; private set; }

        public override async ValueTask HearAsync(ReadOnlyMemory<byte> message)
        {
            var text = Encoding.UTF8.GetString(message.Span);
            if (text == "bug")
            {
                throw new InvalidOperationException("a bug");
            }

            Heard.Add(text);
            if (text == "slow")
            {
                await Slow.Task;
                HasHeardOut = true;
            }
            else if (Heard.Count % 7 == 0)
            {
                await Task.Yield();
            }
        }
    }

    private sealed class Output : AsyncStream
    {
        private readonly MemoryStream _written = new();

        public byte[] Written => _written.ToArray();

        public override bool CanRead => false;

        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _written.Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
