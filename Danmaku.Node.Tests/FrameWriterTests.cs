using Danmaku.Core.Limits;
using Danmaku.Core.Wire;
using Danmaku.Node.Sockets;

namespace Danmaku.Node.Tests;

public sealed class FrameWriterTests : IDisposable
{
    private readonly GatedStream _stream = new();
    private readonly MemoryBudget _memory = new(1024 * 1024);
    private readonly FrameWriter _writer;
    private int _failures;

    public FrameWriterTests() => _writer = new FrameWriter(_stream, maxFrames: 8, maxBytes: 100_000, _memory, () => _failures++, TimeProvider.System);

    public void Dispose()
    {
        _writer.Dispose();
        _stream.Dispose();
    }

    [Fact]
    public void An_idle_writer_writes_at_once_and_queues_nothing()
    {
        Assert.True(Write(1, FrameKind.Batch));
        Assert.True(Write(2, FrameKind.Control));

        Assert.Equal([[1], [2]], _stream.Writes);
        Assert.True(_writer.WrittenAsync().IsCompleted);
    }

    [Fact]
    public async Task What_comes_during_a_blocked_write_goes_out_together_after_it()
    {
        _stream.Block();
        Assert.All([1, 2, 3, 4], frame => Assert.True(Write(frame, FrameKind.Batch)));
        var written = _writer.WrittenAsync();
        Assert.False(written.IsCompleted);

        _stream.Unblock();
        await written.WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([[1], [2, 3, 4]], _stream.Writes);
    }

    [Fact]
    public void What_is_left_for_later_goes_out_with_the_next_frame()
    {
        Assert.True(_writer.TryWrite(new Frame(new byte[] { 1 }), FrameKind.Control, later: true));
        Assert.Empty(_stream.Writes);

        Write(2, FrameKind.Batch);
        Write(3, FrameKind.Batch);

        Assert.Equal([[1, 2], [3]], _stream.Writes);
    }

    [Fact]
    public void What_is_left_for_later_goes_out_when_asked_for()
    {
        _writer.TryWrite(new Frame(new byte[] { 1 }), FrameKind.Control, later: true);

        _writer.Flush();
        _writer.Flush();

        Assert.Equal([[1]], _stream.Writes);
    }

    [Fact]
    public void Much_that_is_left_for_later_does_not_wait_for_ever_and_takes_no_place()
    {
        for (var i = 0; i < 5000; i++)
        {
            Assert.True(_writer.TryWrite(new Frame(new byte[] { (byte)i }), FrameKind.Control, later: true));
        }

        _writer.Flush();
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => (byte)i), _stream.Writes.SelectMany(write => write));
    }

    [Fact]
    public async Task What_is_left_for_later_during_a_blocked_write_does_not_wait_for_more()
    {
        _stream.Block();
        Write(1, FrameKind.Batch);
        _writer.TryWrite(new Frame(new byte[] { 2 }), FrameKind.Control, later: true);

        _stream.Unblock();
        await _writer.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([[1], [2]], _stream.Writes);
    }

    [Fact]
    public async Task Frames_too_large_to_be_copied_go_out_alone_and_in_order()
    {
        _stream.Block();
        Write(1, FrameKind.Batch);
        Write(2, FrameKind.Batch);
        Assert.True(_writer.TryWrite(new Frame(new byte[70_000]), FrameKind.Batch));
        Write(3, FrameKind.Batch);

        _stream.Unblock();
        await _writer.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([1, 1, 70_000, 1], _stream.Writes.Select(write => write.Length));
    }

    [Fact]
    public void A_full_queue_refuses_batches_before_control_frames_and_takes_a_Close()
    {
        _stream.Block();
        Write(0, FrameKind.Batch);

        Assert.Equal(8, Enumerable.Range(0, 20).TakeWhile(_ => Write(1, FrameKind.Batch)).Count());
        Assert.Equal(FrameWriter.ReservedFrames, Enumerable.Range(0, 200).TakeWhile(_ => Write(2, FrameKind.Control)).Count());
        Assert.True(Write(3, FrameKind.Close));
    }

    [Fact]
    public void Bytes_are_bounded_as_well()
    {
        _stream.Block();
        Write(0, FrameKind.Batch);

        Assert.True(_writer.TryWrite(new Frame(new byte[70_000]), FrameKind.Batch));
        Assert.False(_writer.TryWrite(new Frame(new byte[30_001]), FrameKind.Batch));
        Assert.True(_writer.TryWrite(new Frame(new byte[30_001]), FrameKind.Control));
        Assert.False(_writer.TryWrite(new Frame(new byte[70_000]), FrameKind.Control));
    }

    [Fact]
    public async Task It_is_drained_when_a_quarter_or_less_is_waiting()
    {
        _stream.Block();
        Write(0, FrameKind.Batch);
        Write(1, FrameKind.Batch);
        Write(2, FrameKind.Batch);
        Assert.True(_writer.IsDrained);
        Write(3, FrameKind.Batch);
        Assert.False(_writer.IsDrained);

        _stream.Unblock();
        await _writer.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.True(_writer.IsDrained);
    }

    [Fact]
    public async Task Nothing_follows_a_Close()
    {
        _stream.Block();
        Write(1, FrameKind.Batch);
        Assert.True(Write(2, FrameKind.Close));

        Assert.False(Write(3, FrameKind.Control));
        Assert.False(Write(4, FrameKind.Close));
        _stream.Unblock();
        await _writer.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([[1], [2]], _stream.Writes);
    }

    [Fact]
    public async Task A_stream_that_fails_ends_everything_and_throws_nothing()
    {
        _stream.Block();
        Write(1, FrameKind.Batch);
        Write(2, FrameKind.Batch);

        _stream.Fail();
        await _writer.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.False(Write(3, FrameKind.Close));
        Assert.Equal(1, _failures);
    }

    [Fact]
    public async Task Many_threads_write_whole_frames_and_lose_none()
    {
        await Task.WhenAll(Enumerable.Range(1, 4).Select(thread => Task.Run(async () =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                while (!Write(thread, FrameKind.Batch))
                {
                    await Task.Yield();
                }
            }
        })));
        await _writer.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(20_000, _stream.Writes.Sum(write => write.Length));
    }

    [Fact]
    public async Task A_frame_that_waits_counts_once_however_many_keep_it()
    {
        using var other = new FrameWriter(_stream, maxFrames: 8, maxBytes: 100_000, _memory, () => { }, TimeProvider.System);
        var frame = new Frame(new byte[10_000]);
        _stream.Block();

        Assert.All([_writer, other], writer => Assert.True(writer.TryWrite(frame, FrameKind.Batch) && writer.TryWrite(frame, FrameKind.Batch)));
        Assert.Equal(10_000, _memory.UsedFor(MemoryKind.Output));
        _stream.Unblock();

        await Task.WhenAll(_writer.WrittenAsync(), other.WrittenAsync()).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public void What_is_written_at_once_does_not_count()
    {
        Assert.True(_writer.TryWrite(new Frame(new byte[10_000]), FrameKind.Batch));

        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public async Task Where_there_is_no_memory_left_only_a_little_waits()
    {
        _memory.Take(MemoryKind.Connections, _memory.Bound);
        _stream.Block();

        Assert.True(_writer.TryWrite(new Frame(new byte[70_000]), FrameKind.Batch));
        Assert.True(_writer.TryWrite(new Frame(new byte[FrameWriter.FreeBytes]), FrameKind.Batch));
        Assert.False(Write(1, FrameKind.Batch));
        Assert.False(Write(1, FrameKind.Control));
        Assert.True(Write(1, FrameKind.Close));
        _stream.Unblock();

        await _writer.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal([70_000, FrameWriter.FreeBytes, 1], _stream.Writes.Select(write => write.Length));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_kept_for_a_connection_that_is_over(bool isAtOnce)
    {
        _stream.Block();
        Assert.All(Enumerable.Range(0, 4), _ => Assert.True(_writer.TryWrite(new Frame(new byte[10_000]), FrameKind.Batch)));
        Assert.Equal(40_000, _memory.Used);

        if (isAtOnce)
        {
            _writer.Dispose();
        }

        _stream.Fail();
        await _writer.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, _memory.Used);
    }

    private bool Write(int frame, FrameKind kind) => _writer.TryWrite(new Frame(new[] { (byte)frame }), kind);

    /// <summary>A stream whose writes end when the test says so.</summary>
    private sealed class GatedStream : MemoryStream
    {
        private TaskCompletionSource? _gate;

        public List<byte[]> Writes { get; } = [];

        public void Block() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Unblock()
        {
            var gate = _gate!;
            _gate = null;
            gate.SetResult();
        }

        public void Fail() => _gate!.SetException(new IOException("gone"));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes.Add(buffer.ToArray());
            return _gate is { } gate ? new ValueTask(gate.Task) : ValueTask.CompletedTask;
        }
    }
}
