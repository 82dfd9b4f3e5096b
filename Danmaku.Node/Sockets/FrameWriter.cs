using System.Buffers;

namespace Danmaku.Node.Sockets;

/// <summary>What a frame may expect from a full queue.</summary>
internal enum FrameKind
{
    /// <summary>Has no place when the queue is full.</summary>
    Batch,

    /// <summary>Has a reserve beyond that.</summary>
    Control,

    /// <summary>Always has a place, and is the last.</summary>
    Close,
}

/// <summary>A socket's bounded send queue: whole WebSocket frames, in order, none after a Close frame.</summary>
/// <remarks>
/// Thread-safe; nobody waits. While the stream takes what it is given at once, the thread that brings a frame writes it, and nothing
/// is queued or allocated. What comes during a write that takes longer, or is left for later, waits and is then written together.
/// </remarks>
/// <param name="maxFrames">Most frames that wait; a frame that is being written does not count.</param>
/// <param name="maxBytes">Most bytes that wait.</param>
/// <param name="failed">Called once when the stream takes no more; it must not throw.</param>
internal sealed class FrameWriter(Stream stream, int maxFrames, int maxBytes, Action failed, TimeProvider time)
{
    /// <summary>How many control frames have a place beyond <c>maxFrames</c>.</summary>
    public const int ReservedFrames = 64;

    /// <summary>With so many left for later, the next one takes them along: what they wait for may be long in coming.</summary>
    private const int MaxLater = 32;

    private const int ReservedBytes = 64 * 1024;
    private const int MaxWriteBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<ReadOnlyMemory<byte>> _waiting = new();
    private long _waitingBytes;
    private long _lastFrame = time.GetTimestamp();
    private bool _isWriting;
    private bool _isClosed;
    private TaskCompletionSource? _written;

    /// <summary>Whether at most a quarter of the queue is in use.</summary>
    public bool IsDrained
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count <= maxFrames / 4 && _waitingBytes <= maxBytes / 4;
            }
        }
    }

    /// <summary>How long nothing has been sent; zero while something is under way.</summary>
    public TimeSpan Idle
    {
        get
        {
            lock (_gate)
            {
                return _isWriting ? TimeSpan.Zero : time.GetElapsedTime(_lastFrame);
            }
        }
    }

    /// <summary>Puts complete frames behind those waiting. They must not change afterwards.</summary>
    /// <param name="later">They may wait for what comes next, or for <see cref="Flush"/>.</param>
    /// <returns>False, with nothing written, when there is no place or a Close frame went before.</returns>
    public bool TryWrite(ReadOnlyMemory<byte> frames, FrameKind kind, bool later = false)
    {
        byte[]? pooled = null;
        lock (_gate)
        {
            if (_isClosed || !HasPlace(frames.Length, kind))
            {
                return false;
            }

            _isClosed = kind == FrameKind.Close;
            _lastFrame = time.GetTimestamp();
            later &= _waiting.Count < MaxLater;
            if (_isWriting || later || _waiting.Count > 0)
            {
                _waiting.Enqueue(frames);
                _waitingBytes += frames.Length;
                if (_isWriting || later)
                {
                    return true;
                }

                TryTake(out frames, out pooled);
            }

            _isWriting = true;
        }

        _ = WriteAsync(frames, pooled);
        return true;
    }

    /// <summary>Writes what was left for later.</summary>
    public void Flush()
    {
        ReadOnlyMemory<byte> frames;
        byte[]? pooled;
        lock (_gate)
        {
            if (_isWriting || _waiting.Count == 0)
            {
                return;
            }

            TryTake(out frames, out pooled);
            _isWriting = true;
        }

        _ = WriteAsync(frames, pooled);
    }

    /// <summary>Ends when everything that was accepted is written, or the stream has failed.</summary>
    public Task WrittenAsync()
    {
        lock (_gate)
        {
            if (!_isWriting)
            {
                return Task.CompletedTask;
            }

            _written ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _written.Task;
        }
    }

    private bool HasPlace(int bytes, FrameKind kind) => kind switch
    {
        FrameKind.Batch => _waiting.Count < maxFrames && _waitingBytes + bytes <= maxBytes,
        FrameKind.Control => _waiting.Count < maxFrames + ReservedFrames && _waitingBytes + bytes <= maxBytes + ReservedBytes,
        _ => true,
    };

    private async Task WriteAsync(ReadOnlyMemory<byte> frames, byte[]? pooled)
    {
        try
        {
            do
            {
                await stream.WriteAsync(frames).ConfigureAwait(false);
                Return(ref pooled);
            }
            while (TryTake(out frames, out pooled));
        }
        catch (Exception)
        {
            // Whatever it was, the connection is over, and its reader hears of it too.
            Return(ref pooled);
            Fail();
        }
    }

    /// <summary>Takes what waits, together where it is small; ends the writing when nothing does.</summary>
    private bool TryTake(out ReadOnlyMemory<byte> frames, out byte[]? pooled)
    {
        lock (_gate)
        {
            (frames, pooled) = (default, null);
            if (_waiting.Count == 0)
            {
                EndWriting();
                return false;
            }

            if (_waiting.Count == 1 || _waiting.Peek().Length > MaxWriteBytes / 2)
            {
                frames = Dequeue();
                return true;
            }

            pooled = ArrayPool<byte>.Shared.Rent((int)Math.Min(_waitingBytes, MaxWriteBytes));
            var length = 0;
            while (_waiting.TryPeek(out var next) && length + next.Length <= MaxWriteBytes)
            {
                Dequeue().CopyTo(pooled.AsMemory(length));
                length += next.Length;
            }

            frames = pooled.AsMemory(0, length);
            return true;
        }
    }

    private ReadOnlyMemory<byte> Dequeue()
    {
        var frame = _waiting.Dequeue();
        _waitingBytes -= frame.Length;
        return frame;
    }

    private void Fail()
    {
        lock (_gate)
        {
            _isClosed = true;
            _waiting.Clear();
            _waitingBytes = 0;
            EndWriting();
        }

        failed();
    }

    private void EndWriting()
    {
        _isWriting = false;
        _written?.TrySetResult();
        _written = null;
    }

    private static void Return(ref byte[]? pooled)
    {
        if (pooled is not null)
        {
            ArrayPool<byte>.Shared.Return(pooled);
            pooled = null;
        }
    }
}
