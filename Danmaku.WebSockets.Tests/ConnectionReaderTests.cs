using System.Text;
using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests;

/// <summary>What is heard of a connection, however its bytes are cut, and while somebody still listens.</summary>
public sealed class ConnectionReaderTests : IDisposable
{
    private const int MaxBytes = 1000;

    private static readonly byte[] Large = Wire.Utf8(new string('x', MaxBytes));

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly CountedMemory _memory = new(1024 * 1024);
    private readonly Source _source = new();
    private readonly Listener _listener = new();
    private readonly ConnectionReader _reader;

    public ConnectionReaderTests() => _reader = NewReader(_source, _listener);

    public void Dispose() => _reader.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 20)]
    [InlineData(4, 200)]
    [InlineData(5, 5000)]
    public async Task However_the_bytes_are_cut_each_message_is_heard_once_and_in_order(int seed, int longest)
    {
        var random = new Random(seed);
        var (bytes, said) = Talk(random, 400);

        await HearAsync(_reader, random, bytes, longest);

        Assert.Equal(said, _listener.Heard);
    }

    [Theory]
    [InlineData(6, 2)]
    [InlineData(7, 20)]
    [InlineData(8, 5000)]
    public async Task A_client_that_is_read_slowly_is_still_read_completely(int seed, int longest)
    {
        var random = new Random(seed);
        _listener.Wait = () => random.Next(4) == 0 ? TimeSpan.FromMilliseconds(1) : TimeSpan.Zero;
        var (bytes, said) = Talk(random, 30);

        await HearAsync(_reader, random, bytes, longest);

        Assert.Equal(said, _listener.Heard);
    }

    [Theory]
    [InlineData(9, 1)]
    [InlineData(10, 50)]
    [InlineData(11, 100_000)]
    public async Task A_stream_is_heard_as_any_other_source(int seed, int longest)
    {
        var random = new Random(seed);
        var (bytes, said) = Talk(random, 100);
        using var stream = new CutStream(bytes, () => random.Next(1, longest + 1));
        using var reader = NewReader(new StreamSource(stream), _listener);

        await reader.RunAsync().WaitAsync(Deadline);

        Assert.Equal(said, _listener.Heard);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_ends_or_fails_ends_it(bool fails)
    {
        using var stream = new CutStream(Wire.Frame(Wire.Text, "a"), () => 3) { Fails = fails };
        using var reader = NewReader(new StreamSource(stream), _listener);

        await reader.RunAsync().WaitAsync(Deadline);

        Assert.Equal([Transcript.Text("a")], _listener.Heard);
    }

    [Fact]
    public async Task Each_message_and_fragment_is_paid_for_once_and_so_is_a_piece_that_completes_nothing()
    {
        _ = _reader.RunAsync();

        await _source.SendAsync([.. Wire.Frame(Wire.Text, "a"), .. Wire.Frame(Wire.Ping, []), .. Wire.Frame(Wire.Text, "b", false)]);
        Assert.Equal(3, _listener.Paid);
        var rest = Wire.Frame(Wire.Continuation, "c");
        await _source.SendAsync(rest[..3]);
        Assert.Equal(4, _listener.Paid);
        await _source.SendAsync(rest[3..]);
        Assert.Equal(5, _listener.Paid);
        await _source.SendAsync([.. Wire.Frame(Wire.Text, "d"), .. Wire.Frame(Wire.Text, "e")[..4]]);

        // What comes after something whole is half of what comes next.
        Assert.InRange(_listener.Paid, 6, 7);
        await _source.SendAsync(Wire.Frame(Wire.Text, "e")[4..]);
        Assert.Equal(7, _listener.Paid);
    }

    [Fact]
    public async Task A_bug_is_told_and_what_follows_is_heard()
    {
        _ = _reader.RunAsync();

        await _source.SendAsync([.. Wire.Frame(Wire.Text, "bug"), .. Wire.Frame(Wire.Text, "a")]);

        await _source.SendAsync(Wire.Frame(Wire.Text, "slow bug"));
        Assert.Equal([Transcript.Text("bug"), Transcript.Text("a"), Transcript.Text("slow bug")], _listener.Heard);
        Assert.Equal(2, _listener.Failures);
    }

    [Fact]
    public async Task Whoever_is_hung_up_on_is_read_on_to_its_Close_frame()
    {
        var running = _reader.RunAsync();
        await _source.SendAsync(Wire.Frame(Wire.Text, Large)[..500]);
        _listener.IsClosing = true;

        await _source.SendAsync([.. Wire.Frame(Wire.Text, Large)[500..], .. Wire.Frame(Wire.Ping, [])]);
        Assert.False(running.IsCompleted);
        await _source.SendAsync(Wire.CloseFrame(1000), running);

        await running.WaitAsync(Deadline);
        Assert.Equal([Transcript.Close(CloseCodes.None)], _listener.Heard);
    }

    [Fact]
    public async Task What_came_before_the_end_is_heard_first()
    {
        var running = _reader.RunAsync();

        var isTaken = _source.Sink.Take((byte[])[.. Wire.Frame(Wire.Text, "slow"), .. Wire.Frame(Wire.Text, "b")]);
        _source.Sink.End();

        Assert.False(isTaken);
        Assert.False(running.IsCompleted);
        _listener.Slow.SetResult();
        await running.WaitAsync(Deadline);
        Assert.Equal([Transcript.Text("slow"), Transcript.Text("b")], _listener.Heard);
        Assert.True(_listener.HasHeardOut);
    }

    [Fact]
    public async Task Whoever_goes_while_it_waits_for_its_turn_is_gone_at_once()
    {
        _listener.Wait = () => TimeSpan.FromDays(1);
        var running = _reader.RunAsync();
        Assert.False(_source.Sink.Take(Wire.Frame(Wire.Text, "a")));

        _source.Sink.End();

        await running.WaitAsync(Deadline);
        Assert.Empty(_listener.Heard);
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public async Task What_waits_counts_until_it_is_heard()
    {
        _ = _reader.RunAsync();
        var messages = Enumerable.Range(0, 3).SelectMany(_ => Wire.Frame(Wire.Text, Large)).ToArray();
        _source.Sink.Take(Wire.Frame(Wire.Text, "slow"));

        _source.Sink.Take(messages.AsMemory(0, messages.Length - 1));
        Assert.InRange(_memory.Used, messages.Length, 2 * messages.Length);
        await _source.GoOnAsync(() => _listener.Slow.SetResult());
        await _source.SendAsync(messages[^1..]);

        Assert.Equal(4, _listener.Heard.Count);
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public async Task Where_there_is_no_memory_for_what_waits_it_is_told_and_nothing_is_kept()
    {
        var running = _reader.RunAsync();
        _memory.TryTake(1024 * 1024);
        byte[] many = [.. Wire.Frame(Wire.Text, "slow"), .. Wire.Frame(Wire.Text, Large), .. Wire.Frame(Wire.Text, Large)];

        _source.Sink.Take(many);
        await _source.GoOnAsync(() => _listener.Slow.SetResult());

        Assert.Equal([Transcript.Text("slow"), Transcript.Error(ReadError.NoMemory)], _listener.Heard);
        Assert.Equal(1024 * 1024, _memory.Used);
        _source.Sink.End();
        await running.WaitAsync(Deadline);
    }

    private ConnectionReader NewReader(IByteSource source, Listener listener) =>
        new(source, new ReaderOptions(MaxBytes) { Memory = _memory }, listener, TimeProvider.System);

    private async Task HearAsync(ConnectionReader reader, Random random, byte[] bytes, int longest)
    {
        var running = reader.RunAsync();
        for (var sent = 0; sent < bytes.Length;)
        {
            var count = Math.Min(bytes.Length - sent, random.Next(1, longest + 1));
            await _source.SendAsync(bytes.AsSpan(sent, count).ToArray(), running);
            sent += count;
        }

        await running.WaitAsync(Deadline);
    }

    /// <summary>What a client may say: whole messages, messages in pieces with Pings between them, Pongs, and a Close frame at the end.</summary>
    private static (byte[] Bytes, List<string> Said) Talk(Random random, int count)
    {
        var (bytes, said) = (new List<byte>(), new List<string>());
        for (var i = 0; i < count; i++)
        {
            var text = $"{i} " + new string((char)random.Next('a', 'z' + 1), random.Next(10) == 0 ? random.Next(MaxBytes - 10) : random.Next(100));
            switch (random.Next(8))
            {
                case 0:
                    SayPing(i);
                    break;
                case 1:
                    bytes.AddRange(Wire.Frame(Wire.Pong, $"{i}"));
                    said.Add(Transcript.Pong(Wire.Utf8($"{i}")));
                    break;
                case 2:
                    var cut = random.Next(text.Length);
                    bytes.AddRange(Wire.Frame(Wire.Text, text[..cut], false));
                    SayPing(i);
                    bytes.AddRange(Wire.Frame(Wire.Continuation, text[cut..]));
                    said.Add(Transcript.Text(text));
                    break;
                default:
                    bytes.AddRange(Wire.Frame(Wire.Text, text));
                    said.Add(Transcript.Text(text));
                    break;
            }
        }

        bytes.AddRange(Wire.CloseFrame(1000));
        said.Add(Transcript.Close(1000));
        return ([.. bytes], said);

        void SayPing(int i)
        {
            bytes.AddRange(Wire.Frame(Wire.Ping, $"ping {i}"));
            said.Add(Transcript.Ping(Wire.Utf8($"ping {i}")));
        }
    }

    /// <summary>A connection whose bytes the test sends, and waits until it may send more.</summary>
    private sealed class Source : IByteSource
    {
        private TaskCompletionSource _resumed = New();

        public IByteSink Sink { get; private set; } = null!;

        public void Start(IByteSink sink) => Sink = sink;

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

        /// <summary>Does something after which it is to be read on.</summary>
        public async Task GoOnAsync(Action act)
        {
            Volatile.Write(ref _resumed, New());
            act();
            await _resumed.Task.WaitAsync(Deadline);
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Now and then it takes its time.</summary>
    private sealed class Listener : IClientListener
    {
        public List<string> Heard { get; } = [];

        public int Paid { get; private set; }

        public int Failures { get; private set; }

        public Func<TimeSpan> Wait { get; set; } = () => TimeSpan.Zero;

        /// <summary>Until then it listens to "slow".</summary>
        public TaskCompletionSource Slow { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool HasHeardOut { get; private set; }

        public bool IsClosing { get; set; }

        public void Came()
        {
        }

        public TimeSpan Pay()
        {
            Paid++;
            return Wait();
        }

        public ValueTask HearAsync(Received received)
        {
            Heard.Add(Transcript.Of(received)!);
            var text = Encoding.UTF8.GetString(received.Payload.Span);
            return text switch
            {
                "bug" => throw new InvalidOperationException("a bug"),
                "slow" => new ValueTask(HearOutAsync()),
                "slow bug" => new ValueTask(FailAsync()),
                _ when Heard.Count % 7 == 0 => new ValueTask(YieldAsync()),
                _ => ValueTask.CompletedTask,
            };
        }

        public void Failed(Exception error) => Failures++;

        private static async Task YieldAsync() => await Task.Yield();

        private static async Task FailAsync()
        {
            await Task.Yield();
            throw new InvalidOperationException("a bug");
        }

        private async Task HearOutAsync()
        {
            await Slow.Task;
            HasHeardOut = true;
        }
    }

    /// <summary>Gives its bytes in pieces, and now and then waits.</summary>
    private sealed class CutStream(byte[] bytes, Func<int> length) : MemoryStream(bytes)
    {
        public bool Fails { get; init; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var piece = length();
            if (piece % 3 == 0)
            {
                await Task.Yield();
            }

            if (Fails && Position == Length)
            {
                throw new IOException("The connection is over.");
            }

            return await base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
        }
    }
}
