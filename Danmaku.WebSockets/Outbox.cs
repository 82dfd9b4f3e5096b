using System.Buffers;

namespace Danmaku.WebSockets;

/// <summary>What happens to a frame when the outbox is full.</summary>
public enum FrameKind
{
    /// <summary>It is refused: the sender can skip it.</summary>
    Data,

    /// <summary>It may use a reserve beyond the bound.</summary>
    Control,

    /// <summary>It is always accepted, and no frame after it.</summary>
    Close,
}

/// <summary>A connection's bounded send queue: whole WebSocket frames, in order, none after a Close frame.</summary>
/// <remarks>
/// Thread-safe; no caller waits. While the target accepts writes at once, the calling thread writes the frame, and nothing is queued or allocated. Frames that
/// come during a longer write, or that are left for later, wait and are then written together. Frames kept for slow clients count in <paramref name="memory"/>,
/// each once, however many connections keep it. When that is used up, a client may keep no more than <see cref="FreeBytes"/>.
/// </remarks>
/// <param name="maxFrames">Most frames that wait; a frame that is being written does not count.</param>
/// <param name="maxBytes">Most bytes that wait.</param>
/// <param name="memory">Null for no bound.</param>
/// <param name="failed">Called once when a write fails; it must not throw.</param>
public sealed class Outbox(IByteTarget target, int maxFrames, int maxBytes, IMemoryBudget? memory, Action failed, TimeProvider time) : IDisposable
{
    /// <summary>How many control frames may wait beyond <c>maxFrames</c>.</summary>
    public const int ReservedFrames = 64;

    /// <summary>After this many frames left for later, the next one sends them: the frame that they wait for may come late.</summary>
    private const int MaxLater = 32;

    /// <summary>Bytes that may wait for each client however much others use, so that viewers that are hardly late are not skipped.</summary>
    public const int FreeBytes = 16 * 1024;

    /// <summary>Smaller frames are not counted.</summary>
    private const int MinCounted = 64;

    private const int ReservedBytes = 64 * 1024;
    private const int MaxWriteBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<SharedFrame> _waiting = new();
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

    /// <summary>How long nothing has been sent; zero during a write.</summary>
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

    /// <summary>Appends a frame to the queue.</summary>
    /// <param name="later">Whether it may wait for the next frame, or for <see cref="Flush"/>.</param>
    /// <returns>False, with nothing queued, when the queue is full or a Close frame was queued.</returns>
    public bool TryWrite(SharedFrame frame, FrameKind kind, bool later = false)
    {
        bool isAlone;
        lock (_gate)
        {
            if (_isClosed || !HasPlace(frame.Bytes.Length, kind))
            {
                return false;
            }

            _isClosed = kind == FrameKind.Close;
            _lastFrame = time.GetTimestamp();
            later &= _waiting.Count < MaxLater;
            isAlone = !_isWriting && !later && _waiting.Count == 0;
            if (!isAlone)
            {
                Keep(frame);
                _waiting.Enqueue(frame);
                _waitingBytes += frame.Bytes.Length;
                if (_isWriting || later)
                {
                    return true;
                }
            }

            _isWriting = true;
        }

        if (isAlone)
        {
            Write(frame);
        }
        else
        {
            WriteWaiting();
        }

        return true;
    }

    /// <summary>Writes the frames that were left for later.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_isWriting || _waiting.Count == 0)
            {
                return;
            }

            _isWriting = true;
        }

        WriteWaiting();
    }

    /// <summary>Completes when all accepted frames are written, or a write has failed.</summary>
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

    /// <summary>The connection has ended: frees everything kept for it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            LetAllGo();
        }
    }

    private bool HasPlace(int bytes, FrameKind kind) => kind switch
    {
        FrameKind.Data => _waiting.Count < maxFrames && _waitingBytes + bytes <= maxBytes && !IsShort(bytes),
        FrameKind.Control => _waiting.Count < maxFrames + ReservedFrames && _waitingBytes + bytes <= maxBytes + ReservedBytes && !IsShort(bytes),
        _ => true,
    };

    /// <summary>Whether there is too little memory to keep this many more bytes for a slow client.</summary>
    private bool IsShort(int bytes) => (_isWriting || _waiting.Count > 0) && _waitingBytes + bytes > FreeBytes && memory?.Refuses() == true;

    /// <summary>The common case, without any queue: one frame, which the target accepts at once.</summary>
    private void Write(SharedFrame frame)
    {
        ValueTask write;
        try
        {
            write = target.WriteAsync(frame.Bytes);
        }
        catch (Exception)
        {
            Fail();
            return;
        }

        if (write.IsCompletedSuccessfully)
        {
            write.GetAwaiter().GetResult();
            WriteWaiting();
        }
        else
        {
            _ = WriteAsync(new Piece(frame.Bytes) { Frame = frame }, write);
        }
    }

    /// <summary>Writes the waiting frames; the caller is the only writer.</summary>
    private void WriteWaiting()
    {
        if (TryTake(out var piece))
        {
            _ = WriteAsync(piece, null);
        }
    }

    /// <param name="begun">The first write, if it has begun.</param>
    private async Task WriteAsync(Piece piece, ValueTask? begun)
    {
        try
        {
            do
            {
                var write = begun ?? target.WriteAsync(piece.Bytes);
                begun = null;
                if (!write.IsCompleted)
                {
                    KeepWhileWritten(ref piece);
                }

                await write.ConfigureAwait(false);
                Release(ref piece);
            }
            while (TryTake(out piece));
        }
        catch (Exception)
        {
            // After any failure the connection has ended, and its reader learns that too.
            Release(ref piece);
            Fail();
        }
    }

    /// <summary>Takes the waiting frames, several together if they are small; ends the writing when there are none.</summary>
    private bool TryTake(out Piece piece)
    {
        lock (_gate)
        {
            piece = default;
            if (_waiting.Count == 0)
            {
                EndWriting();
                return false;
            }

            // A copy is memory only for this client.
            if (_waiting.Count == 1 || _waiting.Peek().Bytes.Length > MaxWriteBytes / 2 || memory?.IsFull == true)
            {
                var frame = Dequeue();
                piece = new Piece(frame.Bytes) { Frame = frame, IsKept = true };
                return true;
            }

            var copy = ArrayPool<byte>.Shared.Rent((int)Math.Min(_waitingBytes, MaxWriteBytes));
            var length = 0;
            while (_waiting.TryPeek(out var next) && length + next.Bytes.Length <= MaxWriteBytes)
            {
                Dequeue().Bytes.CopyTo(copy.AsMemory(length));
                length += next.Bytes.Length;
                LetGo(next);
            }

            piece = new Piece(copy.AsMemory(0, length)) { Copy = copy };
            return true;
        }
    }

    private SharedFrame Dequeue()
    {
        var frame = _waiting.Dequeue();
        _waitingBytes -= frame.Bytes.Length;
        return frame;
    }

    private void Fail()
    {
        lock (_gate)
        {
            _isClosed = true;
            LetAllGo();
            EndWriting();
        }

        failed();
    }

    private void LetAllGo()
    {
        while (_waiting.Count > 0)
        {
            LetGo(Dequeue());
        }
    }

    private void EndWriting()
    {
        _isWriting = false;
        _written?.TrySetResult();
        _written = null;
    }

    private void KeepWhileWritten(ref Piece piece)
    {
        if (piece.Copy is { } copy)
        {
            memory?.Take(copy.Length);
        }
        else if (!piece.IsKept)
        {
            Keep(piece.Frame!);
        }

        piece.IsKept = true;
    }

    /// <summary>Frees a piece that is written, or never will be.</summary>
    private void Release(ref Piece piece)
    {
        if (piece.Copy is { } copy)
        {
            ArrayPool<byte>.Shared.Return(copy);
            if (piece.IsKept)
            {
                memory?.Return(copy.Length);
            }
        }
        else if (piece.IsKept)
        {
            LetGo(piece.Frame!);
        }

        piece = default;
    }

    private void Keep(SharedFrame frame)
    {
        if (frame.Bytes.Length >= MinCounted && frame.Keep())
        {
            memory?.Take(frame.Bytes.Length);
        }
    }

    private void LetGo(SharedFrame frame)
    {
        if (frame.Bytes.Length >= MinCounted && frame.LetGo())
        {
            memory?.Return(frame.Bytes.Length);
        }
    }

    /// <summary>One write: a frame, or a copy of several.</summary>
    private record struct Piece(ReadOnlyMemory<byte> Bytes)
    {
        public SharedFrame? Frame { get; init; }

        /// <summary>The array from the pool; null if the piece is a frame.</summary>
        public byte[]? Copy { get; init; }

        /// <summary>Whether it counts in the budget.</summary>
        public bool IsKept { get; set; }
    }
}
