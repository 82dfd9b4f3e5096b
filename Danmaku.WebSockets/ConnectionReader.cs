using System.Buffers;

namespace Danmaku.WebSockets;

/// <summary>Reads one client's connection on the receiving thread, and passes its messages to a listener.</summary>
/// <remarks>
/// It reads no further while the listener handles a message, and until the client's next turn. Bytes received meanwhile wait here: at most what a source passes
/// at a time.
/// </remarks>
public sealed class ConnectionReader(IByteSource source, ReaderOptions options, IClientListener listener, TimeProvider time) : IByteSink, IDisposable
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MessageReader _reader = new(options);
    private HeldMemory _held = new(options.Memory);
    private byte[] _rest = [];
    private int _restStart;
    private int _restEnd;

    /// <summary>Whether reading is paused: it is not this client's turn, or the listener is still busy.</summary>
    private bool _isPaused;
    private bool _isWaiting;

    /// <summary>Whether the next message has been paid for.</summary>
    private bool _isPaid;
    private bool _isWorking;

    /// <summary>Whether nothing will come any more.</summary>
    private bool _isEnding;
    private bool _isOver;

    /// <summary>Begins to read. Completes with the client's Close frame, or when the connection has ended.</summary>
    public Task RunAsync()
    {
        source.Start(this);
        return _over.Task;
    }

    /// <summary>The connection has ended: frees everything kept for it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            End();
            _reader.Dispose();
        }
    }

    bool IByteSink.Take(Memory<byte> bytes)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return false;
            }

            listener.Came();
            Keep(bytes.Span[(_isPaused ? 0 : Work(bytes))..]);
            return !_isPaused && !_isOver;
        }
    }

    void IByteSink.End()
    {
        lock (_gate)
        {
            _isEnding = true;
            if (_isWaiting || !_isPaused)
            {
                End();
            }
        }
    }

    /// <returns>How many bytes were processed.</returns>
    private int Work(Memory<byte> bytes)
    {
        var (done, hasHeard) = (0, false);
        _isWorking = true;
        while (done < bytes.Length && !_isPaused && !_isOver && IsTurn())
        {
            if (listener.IsClosing)
            {
                _reader.Follow();
            }

            var received = _reader.Read(bytes[done..], out var count);
            done += count;
            if (received.Kind == ReceivedKind.Nothing)
            {
                // A piece that completes nothing costs as much as a message; otherwise tiny pieces would be free.
                _isPaid &= hasHeard;
                break;
            }

            (hasHeard, _isPaid) = (true, false);
            Hear(received);
        }

        _isWorking = false;
        if (_isOver)
        {
            Forget();
        }

        return _isOver ? bytes.Length : done;
    }

    /// <summary>Pays for the next message, if that has not been done, and waits if necessary.</summary>
    private bool IsTurn()
    {
        if (!_isPaid)
        {
            _isPaid = true;
            var wait = listener.Pay();
            if (wait > TimeSpan.Zero && _isEnding)
            {
                // The connection has ended, so there is no next turn.
                End();
            }
            else if (wait > TimeSpan.Zero)
            {
                (_isPaused, _isWaiting) = (true, true);
                _ = GoOnAfterAsync(wait);
            }
        }

        return !_isWaiting && !_isOver;
    }

    private async Task GoOnAfterAsync(TimeSpan wait)
    {
        await Task.Delay(wait, time);
        lock (_gate)
        {
            listener.Came();
            _isWaiting = false;
        }

        GoOn();
    }

    private void Hear(Received received)
    {
        if (received.Kind == ReceivedKind.Fragment)
        {
            return;
        }

        ValueTask hearing;
        try
        {
            hearing = listener.HearAsync(received);
        }
        catch (Exception error)
        {
            hearing = ValueTask.FromException(error);
        }

        _reader.Release();
        if (!hearing.IsCompletedSuccessfully)
        {
            _isPaused = true;
            _ = HearOutAsync(hearing);
        }

        if (received.Kind == ReceivedKind.Close)
        {
            End();
        }
    }

    private async Task HearOutAsync(ValueTask hearing)
    {
        try
        {
            await hearing;
        }
        catch (Exception error)
        {
            listener.Failed(error);
        }

        GoOn();
    }

    /// <summary>Goes on with the kept bytes, and then with new ones.</summary>
    private void GoOn()
    {
        lock (_gate)
        {
            _isPaused = false;
            if (_isWorking || _isOver)
            {
                // It completed at once, on the thread that works here; or the connection has ended.
                return;
            }

            _restStart += Work(_rest.AsMemory(_restStart, _restEnd - _restStart));
            if (_isPaused || _isOver)
            {
                return;
            }

            Forget();
            if (_isEnding)
            {
                End();
                return;
            }
        }

        source.Resume();
    }

    private void End()
    {
        _isOver = true;
        _over.TrySetResult();
        if (!_isWorking)
        {
            // Otherwise process them now.
            Forget();
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        if (_restEnd + bytes.Length > _rest.Length && !TryGrow(bytes.Length))
        {
            // The discarded bytes may be half a frame: nothing after them can be read.
            Forget();
            _reader.Dispose();
            Hear(new Received(ReceivedKind.Error, Error: ReadError.NoMemory));
            return;
        }

        bytes.CopyTo(_rest.AsSpan(_restEnd));
        _restEnd += bytes.Length;
    }

    private bool TryGrow(int more)
    {
        var kept = _rest.AsSpan(_restStart, _restEnd - _restStart);
        var larger = ArrayPool<byte>.Shared.Rent(kept.Length + more);
        if (!_held.TryHold(larger.Length))
        {
            ArrayPool<byte>.Shared.Return(larger);
            return false;
        }

        kept.CopyTo(larger);
        (_restStart, _restEnd) = (0, kept.Length);
        GiveBack();
        _rest = larger;
        return true;
    }

    private void Forget()
    {
        GiveBack();
        (_rest, _restStart, _restEnd) = ([], 0, 0);
        _held.LetGo();
    }

    private void GiveBack()
    {
        if (_rest.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_rest);
        }
    }
}
