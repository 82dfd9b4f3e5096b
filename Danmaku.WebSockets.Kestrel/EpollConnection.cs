using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>
/// One connection of <see cref="EpollTransport"/>. The HTTP server sees a pair of pipes, as with its own transport, until a WebSocket reads directly from the
/// socket (<see cref="Start"/>).
/// </summary>
internal sealed class EpollConnection : DefaultConnectionContext, IConnectionSocketFeature, IMemoryPoolFeature, IPolled, IByteSource
{
    /// <summary>Most bytes passed to a WebSocket at a time; other connections wait while it handles them.</summary>
    private const int SinkBytes = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly EventLoop _loop = EventLoop.Next();
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ListenerGuard _guard;
    private readonly ILogger _logger;
    private readonly long _key;
    private readonly CountingPool _unread;
    private readonly Pipe _input;
    private readonly Pipe _output;
    private readonly Task _sending;
    private IByteSink? _sink;
    private bool _hasEnded;
    private bool _isEndTold;
    private bool _isFlushing;
    private bool _isGone;
    private bool _isReturned;
    private bool _hasSent;

    /// <param name="guard">The guard that admitted it; it leaves the guard when it is disposed of.</param>
    public EpollConnection(string id, Socket socket, EpollPipes pipes, ListenerGuard guard, ILogger logger)
        : base(id)
    {
        (Socket, MemoryPool, _guard, _logger) = (socket, pipes.Pool, guard, logger);
        (LocalEndPoint, RemoteEndPoint, ConnectionClosed) = (socket.LocalEndPoint, socket.RemoteEndPoint, _closed.Token);

        _unread = new CountingPool(pipes.Pool, guard.Unread);
        (_input, _output) = (new Pipe(pipes.Input(_unread)), new Pipe(pipes.Output));
        Transport = new DuplexPipe(_input.Reader, _output.Writer);
        Features.Set<IConnectionSocketFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
        Features.Set<IByteSource>(this);

        _sending = SendAllAsync();
        lock (_gate)
        {
            // Bytes may arrive before the key is assigned here.
            _key = _loop.Add(socket, this);
        }
    }

    public Socket Socket { get; }

    public MemoryPool<byte> MemoryPool { get; }

    /// <summary>Ends the connection at once. Thread-safe; safe to repeat.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        Close(hard: true);
        EndInput(abortReason);
        _output.Reader.CancelPendingRead();
    }

    public override async ValueTask DisposeAsync()
    {
        await _input.Reader.CompleteAsync();
        await _output.Writer.CompleteAsync();
        await _sending;
        Close(hard: false);
        EndInput(null);
        await _told.Task;
        await base.DisposeAsync();
        _closed.Dispose();
        _unread.Dispose();
        if (!Interlocked.Exchange(ref _isReturned, true))
        {
            _guard.Leave();
        }
    }

    public void OnReadable(byte[] scratch)
    {
        try
        {
            Read(scratch);
        }
        catch (Exception error)
        {
            // A bug ends this one connection, and not the thread that all others share.
            _logger.ConnectionFailed(error);
            Abort(new ConnectionAbortedException(error.Message, error));
        }
    }

    private void Read(byte[] scratch)
    {
        lock (_gate)
        {
            if (_hasEnded || _isFlushing)
            {
                // epoll reports a broken connection in any case, but only once until it is watched again.
                return;
            }

            if (_sink is null)
            {
                ReadForServer(scratch);
            }
            else
            {
                ReadForSink(_sink, scratch);
            }
        }
    }

    public void Start(IByteSink sink)
    {
        lock (_gate)
        {
            _sink = sink;
            var goesOn = TryGiveWhatHasCome(sink);

            // Completes both ends: only then the pipe frees its memory. The server writes nothing more either.
            _input.Reader.Complete();
            _input.Writer.Complete();
            _output.Writer.Complete();
            if (_isEndTold)
            {
                sink.End();
            }
            else
            {
                Watch(goesOn && !_hasEnded);
            }
        }
    }

    /// <returns>Whether the sink accepts more.</returns>
    private bool TryGiveWhatHasCome(IByteSink sink)
    {
        try
        {
            return !_input.Reader.TryRead(out var read) || read.Buffer.IsEmpty || sink.Take(read.Buffer.ToArray());
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // The connection broke meanwhile. The sink is told that it has ended.
            return false;
        }
    }

    public void Resume()
    {
        lock (_gate)
        {
            Watch(!_hasEnded);
        }
    }

    private void ReadForServer(byte[] scratch)
    {
        var isShort = _guard.Unread?.IsFull == true;
        var count = Receive(isShort ? scratch.AsSpan(0, CountingPool.FreeBytes) : scratch);
        if (count < 0)
        {
            return;
        }

        if (count == 0)
        {
            EndInput(null);
            return;
        }

        if (isShort && !_unread.HasFreeBytes && _guard.Unread!.Refuses())
        {
            Refuse();
            return;
        }

        // Copies: the rest of a block may be too small for a system call of its own.
        _input.Writer.Write(scratch.AsSpan(0, count));
        var flush = _input.Writer.FlushAsync();
        if (!flush.IsCompletedSuccessfully)
        {
            _isFlushing = true;
            Watch(false);
            _ = GoOnAsync(flush);
        }
        else if (flush.Result.IsCompleted)
        {
            // The reader has completed.
            Watch(false);
        }
    }

    /// <summary>There is no memory for its input. It gets a 503 if nothing was sent before, such as the beginning of an answer.</summary>
    private void Refuse()
    {
        if (!Volatile.Read(ref _hasSent))
        {
            SocketCalls.TrySend(Socket, RefusedConnections.Answer);
        }

        Close(hard: false);
        EndInput(new ConnectionAbortedException("There is no memory left for clients."));
        _output.Reader.CancelPendingRead();
    }

    private async Task GoOnAsync(ValueTask<FlushResult> flush)
    {
        var isOver = (await flush).IsCompleted;
        lock (_gate)
        {
            _isFlushing = false;
            Watch(!isOver && !_hasEnded);
        }
    }

    private void ReadForSink(IByteSink sink, byte[] scratch)
    {
        var count = Receive(scratch.AsSpan(0, SinkBytes));
        if (count > 0)
        {
            if (!sink.Take(scratch.AsMemory(0, count)))
            {
                Watch(false);
            }
        }
        else if (count == 0)
        {
            EndInput(null);
        }
    }

    /// <returns>0 at the end; negative when there is nothing, or when the connection is broken, which was reported then.</returns>
    private int Receive(Span<byte> buffer)
    {
        try
        {
            return SocketCalls.TryReceive(Socket, buffer);
        }
        catch (IOException error)
        {
            EndInput(new ConnectionResetException(error.Message, error));
            return -1;
        }
    }

    /// <summary>Ends reading. Another thread runs the callbacks, because the caller may hold any lock.</summary>
    private void EndInput(Exception? reason)
    {
        if (Interlocked.Exchange(ref _hasEnded, true))
        {
            return;
        }

        Watch(false);
        ThreadPool.UnsafeQueueUserWorkItem(static end => end.Connection.TellEnd(end.Reason), (Connection: this, Reason: reason), preferLocal: false);
    }

    private void TellEnd(Exception? reason)
    {
        try
        {
            lock (_gate)
            {
                _input.Writer.Complete(reason);
                _isEndTold = true;
                _sink?.End();
            }

            _closed.Cancel();
        }
        catch (Exception error)
        {
            // A failure of a callback; the code that serves the connection still learns of the end.
            _logger.ConnectionFailed(error);
        }
        finally
        {
            _told.TrySetResult();
        }
    }

    /// <summary>Sends what the server writes, until it writes no more.</summary>
    private async Task SendAllAsync()
    {
        Exception? failure = null;
        try
        {
            while (true)
            {
                var read = await _output.Reader.ReadAsync();
                if (read.IsCanceled)
                {
                    break;
                }

                Volatile.Write(ref _hasSent, true);
                await SendAsync(read.Buffer);
                _output.Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception error)
        {
            failure = error;
        }

        // For the server it is no error that the client has stopped reading.
        await _output.Reader.CompleteAsync();
        if (failure is not null)
        {
            Close(hard: true);
            EndInput(new ConnectionResetException(failure.Message, failure));
        }
    }

    private async ValueTask SendAsync(ReadOnlySequence<byte> bytes)
    {
        foreach (var piece in bytes)
        {
            await SocketTarget.SendAsync(Socket, piece);
        }
    }

    private void Watch(bool isWatching)
    {
        if (!Volatile.Read(ref _isGone))
        {
            _loop.Watch(Socket, _key, isWatching);
        }
    }

    /// <param name="hard">Discards unsent bytes.</param>
    private void Close(bool hard)
    {
        if (Interlocked.Exchange(ref _isGone, true))
        {
            return;
        }

        _loop.Remove(_key);
        try
        {
            if (hard)
            {
                Socket.Close(timeout: 0);
            }
            else
            {
                Socket.Shutdown(SocketShutdown.Both);
            }
        }
        catch (SocketException)
        {
            // It has ended in any case.
        }

        Socket.Dispose();
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>Settings shared by the pipes of all connections.</summary>
/// <param name="readAhead">Most bytes that wait for the server.</param>
/// <param name="writeBehind">Most bytes that wait for the client.</param>
internal sealed class EpollPipes(MemoryPool<byte> pool, long readAhead, long writeBehind)
{
    private const int SegmentBytes = 64 * 1024;

    public MemoryPool<byte> Pool => pool;

    /// <summary>The pool's threads handle the input, so that the event loop does not wait.</summary>
    /// <param name="unread">The connection's own pool, which counts.</param>
    public PipeOptions Input(MemoryPool<byte> unread) =>
        new(unread, PipeScheduler.ThreadPool, PipeScheduler.Inline, readAhead, readAhead / 2, useSynchronizationContext: false);

    /// <summary>Output is sent from the memory where it was written. Segments are large, and each is sent with one system call and then freed.</summary>
    public PipeOptions Output { get; } = new(
        MemoryPool<byte>.Shared, PipeScheduler.Inline, PipeScheduler.ThreadPool, writeBehind, writeBehind / 2, SegmentBytes, useSynchronizationContext: false);
}
