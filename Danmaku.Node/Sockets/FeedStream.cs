using System.Buffers;
using System.Threading.Tasks.Sources;
using Danmaku.Core.Limits;
using Danmaku.Node.Strangers;

namespace Danmaku.Node.Sockets;

/// <summary>What somebody is called with, for somebody who waits for it.</summary>
/// <remarks>
/// One reader and one writer, on any threads. A read that waits is completed by <see cref="TryFeed"/>, on the writer's thread and before that returns.
/// </remarks>
/// <param name="waiting">Called when a read waits, so that there is place for more.</param>
internal sealed class FeedStream(Action waiting, MemoryBudget memory) : AsyncStream, IValueTaskSource<int>
{
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _wanted;
    private HeldInput _held = new(memory);
    private byte[] _bytes = [];
    private int _start;
    private int _end;
    private bool _isWaiting;
    private bool _hasEnded;
    private bool _isDisposed;
    private Exception? _failure;

    public override bool CanRead => true;

    public override bool CanWrite => false;

    /// <summary>Whether all has been read, and the reader waits for more.</summary>
    public bool IsWaiting
    {
        get
        {
            lock (_gate)
            {
                return _isWaiting;
            }
        }
    }

    /// <returns>False, with nothing taken, when the node has too little memory.</returns>
    public bool TryFeed(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return true;
            }

            if (!TryMakePlace(bytes.Length))
            {
                return false;
            }

            bytes.CopyTo(_bytes.AsSpan(_end));
            _end += bytes.Length;
        }

        Wake();
        return true;
    }

    /// <summary>Nothing will come any more.</summary>
    public void End()
    {
        lock (_gate)
        {
            _hasEnded = true;
        }

        Wake();
    }

    /// <summary>The read that waits, or else the next one, fails.</summary>
    public void Fail(Exception error)
    {
        lock (_gate)
        {
            _failure = error;
        }

        Wake();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read;
        lock (_gate)
        {
            if (_failure is { } failure)
            {
                _failure = null;
                return ValueTask.FromException<int>(failure);
            }

            if (_start < _end || _hasEnded)
            {
                return new ValueTask<int>(Take(buffer));
            }

            _read.Reset();
            (_wanted, _isWaiting) = (buffer, true);
            read = new ValueTask<int>(this, _read.Version);
        }

        waiting();
        return read;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            (_hasEnded, _isDisposed, _start, _end) = (true, true, 0, 0);
            Return();
        }

        base.Dispose(disposing);
    }

    private void Wake()
    {
        var count = 0;
        Exception? failure;
        lock (_gate)
        {
            if (!_isWaiting)
            {
                return;
            }

            _isWaiting = false;
            (failure, _failure) = (_failure, null);
            count = failure is null ? Take(_wanted) : 0;
            _wanted = default;
        }

        if (failure is null)
        {
            _read.SetResult(count);
        }
        else
        {
            _read.SetException(failure);
        }
    }

    private int Take(Memory<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _end - _start);
        _bytes.AsSpan(_start, count).CopyTo(buffer.Span);
        _start += count;
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
            Return();
        }

        return count;
    }

    private bool TryMakePlace(int count)
    {
        if (_end + count <= _bytes.Length)
        {
            return true;
        }

        if (!_held.TryHold(_end - _start + count))
        {
            return false;
        }

        var larger = ArrayPool<byte>.Shared.Rent(_end - _start + count);
        _bytes.AsSpan(_start, _end - _start).CopyTo(larger);
        (_start, _end) = (0, _end - _start);
        GiveBack();
        _bytes = larger;
        return true;
    }

    private void Return()
    {
        GiveBack();
        _held.LetGo();
    }

    private void GiveBack()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }
}
