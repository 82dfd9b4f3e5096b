using System.Buffers;
using System.Net.WebSockets;
using Danmaku.Core.Limits;
using Danmaku.Core.Wire;
using Danmaku.Node.Strangers;
using Danmaku.Node.Transport;

namespace Danmaku.Node.Sockets;

/// <summary>
/// Hears one client on the thread that has received something. Whole text messages, which is nearly all that clients say, and Pongs it reads itself;
/// everything else goes to the WebSocket library, which is not even there before that.
/// </summary>
/// <remarks>
/// Messages are passed on one at a time and in their order, whoever has read them. Of a frame that has not come whole yet it keeps what is there, at
/// most a message's limit; what belongs to the library is passed on as it comes. Where the node has no memory for that, the connection is closed.
/// Who says more than <see cref="ViewerSocket.Pay"/> lets it is read no further until it is its turn again; what has been read until then waits here,
/// at most what a source gives at a time.
/// </remarks>
internal sealed class FrameReader : IByteSink, IDisposable
{
    private const int MaxControlPayload = 125;

    private readonly IByteSource _source;
    private readonly ViewerSocket _socket;
    private readonly ReadLoop _loop;
    private readonly FeedStream _feed;
    private readonly int _maxBytes;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _unusual = new();
    private HeldInput _held;
    private byte[] _rest = [];
    private int _restStart;
    private int _restEnd;

    /// <summary>Bytes that still belong to a frame of which the library has got the beginning.</summary>
    private ulong _libraryBytes;

    /// <summary>The library has got the beginning of a message, and not its end.</summary>
    private bool _isFragmented;

    /// <summary>Frames mean nothing any more: whatever comes is for whoever still reads.</summary>
    private bool _isOver;
    private bool _isDisposed;
    private bool _isPaused;
    private bool _isHearing;

    /// <summary>It is not this client's turn.</summary>
    private bool _isWaiting;

    /// <summary>What comes next has been paid for.</summary>
    private bool _isPaid;
    private bool _isWorking;
    private bool _hasBegun;
    private bool _isEnding;
    private Task _hearing = Task.CompletedTask;
    private Exception? _failure;

    /// <param name="feed">What the library reads from; where it waits, <see cref="OnLibraryWaiting"/> is called.</param>
    public FrameReader(IByteSource source, FeedStream feed, ViewerSocket socket, ReadLoop loop, int maxBytes, MemoryBudget memory, TimeProvider time) =>
        (_source, _feed, _socket, _loop, _maxBytes, _held, _time) = (source, feed, socket, loop, maxBytes, new HeldInput(memory), time);

    /// <summary>Ends as <see cref="ReadLoop.RunAsync"/> does.</summary>
    public async Task RunAsync()
    {
        Begin();
        await _unusual.Task;
        try
        {
            await _loop.RunAsync();
        }
        catch (WebSocketException) when (_failure is not null)
        {
            // The library knows of no other reason than that its stream has failed.
            throw _failure;
        }
        finally
        {
            await BeOverAsync();
        }
    }

    /// <summary>Lets what was sent out, and waits until the client hangs up. Whatever it says does not matter any more.</summary>
    public async Task LingerAsync()
    {
        await BeOverAsync();
        Begin();
        await _socket.LingerAsync();
    }

    /// <summary>The connection is over: nothing is kept of it any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            Forget();
        }
    }

    private void Begin()
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            _source.Begin(this);
        }
    }

    /// <summary>Nothing is heard any more when this ends.</summary>
    private async Task BeOverAsync()
    {
        Task hearing;
        lock (_gate)
        {
            (_isOver, hearing) = (true, _hearing);
        }

        await hearing;
    }

    public bool Take(Memory<byte> bytes)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return false;
            }

            _socket.Heard();
            var before = _restEnd - _restStart;
            if (_isPaused || _restEnd > 0)
            {
                Keep(bytes.Span);
                GoOn();
            }
            else
            {
                Keep(bytes.Span[Work(bytes)..]);
            }

            if (!_isPaused && _restEnd - _restStart == before + bytes.Length)
            {
                // A piece that completes nothing costs as much as a message, or tiny pieces would be for nothing.
                WaitIf(_socket.Pay());
            }

            return !_isPaused;
        }
    }

    public void End()
    {
        lock (_gate)
        {
            _isEnding = true;
            if (_isWaiting)
            {
                // Nobody is there any more whose turn it could be.
                Forget();
            }
            else if (_isPaused)
            {
                // First what has come before.
                return;
            }
        }

        EndFeed();
    }

    private void EndFeed()
    {
        _feed.End();
        _unusual.TrySetResult();
    }

    /// <summary>The library has used up what it was given.</summary>
    public void OnLibraryWaiting()
    {
        lock (_gate)
        {
            if (_isWorking || !_isPaused || _isHearing || _isWaiting)
            {
                return;
            }

            _isPaused = false;
            GoOn();
            if (_isPaused)
            {
                return;
            }
        }

        TakeMore();
    }

    /// <summary>Reads no further until it is this client's turn.</summary>
    private void WaitIf(TimeSpan wait)
    {
        if (wait > TimeSpan.Zero)
        {
            (_isPaused, _isWaiting) = (true, true);
            _ = GoOnAfterAsync(wait);
        }
    }

    private async Task GoOnAfterAsync(TimeSpan wait)
    {
        await Task.Delay(wait, _time);
        lock (_gate)
        {
            _socket.Heard();
            (_isPaused, _isWaiting) = (false, false);
            if (_isEnding)
            {
                Forget();
            }

            GoOn();
            if (_isPaused)
            {
                return;
            }
        }

        TakeMore();
    }

    private void TakeMore()
    {
        if (_isEnding)
        {
            EndFeed();
        }
        else
        {
            _source.Resume();
        }
    }

    /// <summary>Goes on with what was kept.</summary>
    private void GoOn()
    {
        if (_isPaused || _restEnd == 0)
        {
            return;
        }

        _restStart += Work(_rest.AsMemory(_restStart, _restEnd - _restStart));
        if (_restStart == _restEnd)
        {
            Forget();
        }
    }

    /// <returns>How many bytes are done with.</returns>
    private int Work(Memory<byte> bytes)
    {
        var done = 0;
        _isWorking = true;
        try
        {
            while (!_isPaused && done < bytes.Length && Step(bytes[done..]) is > 0 and var step)
            {
                done += step;
            }
        }
        catch (Exception error)
        {
            Fail(error);
            done = bytes.Length;
        }
        finally
        {
            _isWorking = false;
        }

        return done;
    }

    /// <returns>How many bytes it has dealt with; 0 when more must come first.</returns>
    private int Step(Memory<byte> bytes)
    {
        if (_isOver)
        {
            return IsTurn() ? Feed(bytes.Span) : 0;
        }

        if (_libraryBytes > 0)
        {
            if (!IsTurn())
            {
                return 0;
            }

            var count = Feed(bytes.Span[..(int)Math.Min(_libraryBytes, (ulong)bytes.Length)]);
            _libraryBytes -= (ulong)count;
            return count;
        }

        if (!FrameHeader.TryRead(bytes.Span, out var header))
        {
            return 0;
        }

        if (!header.IsMasked)
        {
            throw new WebSocketException(WebSocketError.Faulted, "A client's frame is not masked.");
        }

        var isText = header is { Opcode: FrameHeader.Text, IsPlain: true } && header.Payload <= (ulong)_maxBytes && !_isFragmented;
        var isPong = header is { Opcode: FrameHeader.Pong, IsPlain: true, Payload: <= MaxControlPayload };
        if (!isText && !isPong)
        {
            if (!IsTurn())
            {
                return 0;
            }

            _isPaid = true;
            _isFragmented = header.IsData ? !header.IsFinal : _isFragmented;
            _libraryBytes = (ulong)header.Length + Math.Min(header.Payload, long.MaxValue);
            return Step(bytes);
        }

        var length = header.Length + (int)header.Payload;
        if (bytes.Length < length || !IsTurn())
        {
            return 0;
        }

        if (isText)
        {
            Hear(header.Unmask(bytes));
        }

        return length;
    }

    /// <summary>Pays for what comes next, if that has not been done, and waits if it must.</summary>
    private bool IsTurn()
    {
        if (!_isPaid)
        {
            WaitIf(_socket.Pay());
            _isPaid = _isWaiting;
            return !_isWaiting;
        }

        _isPaid = false;
        return true;
    }

    private void Hear(ReadOnlyMemory<byte> text)
    {
        var heard = _loop.HearAsync(WebSocketMessageType.Text, text);
        if (!heard.IsCompletedSuccessfully)
        {
            (_isPaused, _isHearing) = (true, true);
            _hearing = HearOutAsync(heard);
        }
    }

    private async Task HearOutAsync(ValueTask heard)
    {
        try
        {
            await heard;
        }
        catch (Exception error)
        {
            Fail(error);
        }

        lock (_gate)
        {
            (_isPaused, _isHearing) = (false, false);
            if (_isWorking)
            {
                // It was over at once, and on the thread that works here.
                return;
            }

            GoOn();
            if (_isPaused)
            {
                return;
            }
        }

        TakeMore();
    }

    private int Feed(ReadOnlySpan<byte> bytes)
    {
        if (!_feed.TryFeed(bytes))
        {
            Refuse();
            return bytes.Length;
        }

        _unusual.TrySetResult();
        _isPaused = !_feed.IsWaiting;
        return bytes.Length;
    }

    /// <summary>There is no memory for what it says.</summary>
    private void Refuse()
    {
        if (_socket.IsClosing)
        {
            // It was told to go, and goes on talking.
            _socket.Abort();
        }

        _socket.Close(CloseReason.NoMemory);
        Fail(new WebSocketException(WebSocketError.ConnectionClosedPrematurely));
    }

    /// <summary>Nobody listens to what comes from now on; who runs this hears why.</summary>
    private void Fail(Exception error)
    {
        lock (_gate)
        {
            (_failure, _isOver) = (error, true);
        }

        _feed.Fail(error);
        _unusual.TrySetResult();
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        if (_restEnd + bytes.Length > _rest.Length)
        {
            var kept = _rest.AsSpan(_restStart, _restEnd - _restStart);
            if (!_held.TryHold(kept.Length + bytes.Length))
            {
                Forget();
                Refuse();
                return;
            }

            var larger = ArrayPool<byte>.Shared.Rent(kept.Length + bytes.Length);
            kept.CopyTo(larger);
            (_restStart, _restEnd) = (0, kept.Length);
            if (_rest.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_rest);
            }

            _rest = larger;
        }

        bytes.CopyTo(_rest.AsSpan(_restEnd));
        _restEnd += bytes.Length;
    }

    private void Forget()
    {
        if (_rest.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_rest);
        }

        (_rest, _restStart, _restEnd) = ([], 0, 0);
        _held.LetGo();
    }
}
