using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests;

public sealed class OutboxTests : IDisposable
{
    private readonly GatedTarget _target = new();
    private readonly CountedMemory _memory = new(1024 * 1024);
    private readonly Outbox _outbox;
    private int _failures;

    public OutboxTests() => _outbox = new Outbox(_target, maxFrames: 8, maxBytes: 100_000, _memory, () => _failures++, TimeProvider.System);

    public void Dispose() => _outbox.Dispose();

    [Fact]
    public void An_idle_outbox_writes_at_once_and_queues_nothing()
    {
        Assert.True(Write(1, FrameKind.Data));
        Assert.True(Write(2, FrameKind.Control));

        Assert.Equal([[1], [2]], _target.Writes);
        Assert.True(_outbox.WrittenAsync().IsCompleted);
    }

    [Fact]
    public async Task Frames_that_come_during_a_blocked_write_go_out_together_after_it()
    {
        _target.Block();
        Assert.All([1, 2, 3, 4], frame => Assert.True(Write(frame, FrameKind.Data)));
        var written = _outbox.WrittenAsync();
        Assert.False(written.IsCompleted);

        _target.Unblock();
        await written.WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([[1], [2, 3, 4]], _target.Writes);
    }

    [Fact]
    public void A_frame_left_for_later_goes_out_with_the_next_frame()
    {
        Assert.True(_outbox.TryWrite(new SharedFrame(new byte[] { 1 }), FrameKind.Control, later: true));
        Assert.Empty(_target.Writes);

        Write(2, FrameKind.Data);
        Write(3, FrameKind.Data);

        Assert.Equal([[1, 2], [3]], _target.Writes);
    }

    [Fact]
    public void A_frame_left_for_later_goes_out_at_a_flush()
    {
        _outbox.TryWrite(new SharedFrame(new byte[] { 1 }), FrameKind.Control, later: true);

        _outbox.Flush();
        _outbox.Flush();

        Assert.Equal([[1]], _target.Writes);
    }

    [Fact]
    public void Many_frames_left_for_later_do_not_wait_for_ever_and_take_no_space()
    {
        for (var i = 0; i < 5000; i++)
        {
            Assert.True(_outbox.TryWrite(new SharedFrame(new byte[] { (byte)i }), FrameKind.Control, later: true));
        }

        _outbox.Flush();
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => (byte)i), _target.Writes.SelectMany(write => write));
    }

    [Fact]
    public async Task A_frame_left_for_later_during_a_blocked_write_does_not_wait_for_another()
    {
        _target.Block();
        Write(1, FrameKind.Data);
        _outbox.TryWrite(new SharedFrame(new byte[] { 2 }), FrameKind.Control, later: true);

        _target.Unblock();
        await _outbox.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([[1], [2]], _target.Writes);
    }

    [Fact]
    public async Task Frames_too_large_to_be_copied_go_out_alone_and_in_order()
    {
        _target.Block();
        Write(1, FrameKind.Data);
        Write(2, FrameKind.Data);
        Assert.True(_outbox.TryWrite(new SharedFrame(new byte[70_000]), FrameKind.Data));
        Write(3, FrameKind.Data);

        _target.Unblock();
        await _outbox.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([1, 1, 70_000, 1], _target.Writes.Select(write => write.Length));
    }

    [Fact]
    public void A_full_queue_refuses_data_before_control_frames_and_takes_a_Close()
    {
        _target.Block();
        Write(0, FrameKind.Data);

        Assert.Equal(8, Enumerable.Range(0, 20).TakeWhile(_ => Write(1, FrameKind.Data)).Count());
        Assert.Equal(Outbox.ReservedFrames, Enumerable.Range(0, 200).TakeWhile(_ => Write(2, FrameKind.Control)).Count());
        Assert.True(Write(3, FrameKind.Close));
    }

    [Fact]
    public void Bytes_are_bounded_as_well()
    {
        _target.Block();
        Write(0, FrameKind.Data);

        Assert.True(_outbox.TryWrite(new SharedFrame(new byte[70_000]), FrameKind.Data));
        Assert.False(_outbox.TryWrite(new SharedFrame(new byte[30_001]), FrameKind.Data));
        Assert.True(_outbox.TryWrite(new SharedFrame(new byte[30_001]), FrameKind.Control));
        Assert.False(_outbox.TryWrite(new SharedFrame(new byte[70_000]), FrameKind.Control));
    }

    [Fact]
    public async Task It_is_drained_when_a_quarter_or_less_is_waiting()
    {
        _target.Block();
        Write(0, FrameKind.Data);
        Write(1, FrameKind.Data);
        Write(2, FrameKind.Data);
        Assert.True(_outbox.IsDrained);
        Write(3, FrameKind.Data);
        Assert.False(_outbox.IsDrained);

        _target.Unblock();
        await _outbox.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.True(_outbox.IsDrained);
    }

    [Fact]
    public async Task Nothing_follows_a_Close()
    {
        _target.Block();
        Write(1, FrameKind.Data);
        Assert.True(Write(2, FrameKind.Close));

        Assert.False(Write(3, FrameKind.Control));
        Assert.False(Write(4, FrameKind.Close));
        _target.Unblock();
        await _outbox.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([[1], [2]], _target.Writes);
    }

    [Fact]
    public async Task A_target_that_fails_ends_everything_and_throws_nothing()
    {
        _target.Block();
        Write(1, FrameKind.Data);
        Write(2, FrameKind.Data);

        _target.Fail();
        await _outbox.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

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
                while (!Write(thread, FrameKind.Data))
                {
                    await Task.Yield();
                }
            }
        })));
        await _outbox.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(20_000, _target.Writes.Sum(write => write.Length));
    }

    [Fact]
    public async Task A_frame_that_waits_counts_once_however_many_keep_it()
    {
        using var other = new Outbox(_target, maxFrames: 8, maxBytes: 100_000, _memory, () => { }, TimeProvider.System);
        var frame = new SharedFrame(new byte[10_000]);
        _target.Block();

        Assert.All([_outbox, other], writer => Assert.True(writer.TryWrite(frame, FrameKind.Data) && writer.TryWrite(frame, FrameKind.Data)));
        Assert.Equal(10_000, _memory.Used);
        _target.Unblock();

        await Task.WhenAll(_outbox.WrittenAsync(), other.WrittenAsync()).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public void A_frame_that_is_written_at_once_does_not_count()
    {
        Assert.True(_outbox.TryWrite(new SharedFrame(new byte[10_000]), FrameKind.Data));

        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public async Task Without_memory_only_a_few_bytes_may_wait()
    {
        _memory.Take(_memory.Bound);
        _target.Block();

        Assert.True(_outbox.TryWrite(new SharedFrame(new byte[70_000]), FrameKind.Data));
        Assert.True(_outbox.TryWrite(new SharedFrame(new byte[Outbox.FreeBytes]), FrameKind.Data));
        Assert.False(Write(1, FrameKind.Data));
        Assert.False(Write(1, FrameKind.Control));
        Assert.True(Write(1, FrameKind.Close));
        _target.Unblock();

        await _outbox.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal([70_000, Outbox.FreeBytes, 1], _target.Writes.Select(write => write.Length));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_kept_for_an_ended_connection(bool isAtOnce)
    {
        _target.Block();
        Assert.All(Enumerable.Range(0, 4), _ => Assert.True(_outbox.TryWrite(new SharedFrame(new byte[10_000]), FrameKind.Data)));
        Assert.Equal(40_000, _memory.Used);

        if (isAtOnce)
        {
            _outbox.Dispose();
        }

        _target.Fail();
        await _outbox.WrittenAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, _memory.Used);
    }

    private bool Write(int frame, FrameKind kind) => _outbox.TryWrite(new SharedFrame(new[] { (byte)frame }), kind);

    /// <summary>A target whose writes end when the test says so.</summary>
    private sealed class GatedTarget : IByteTarget
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

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            Writes.Add(bytes.ToArray());
            return _gate is { } gate ? new ValueTask(gate.Task) : ValueTask.CompletedTask;
        }
    }
}
