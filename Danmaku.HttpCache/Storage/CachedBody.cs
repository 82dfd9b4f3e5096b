using System.Runtime.InteropServices;

namespace Danmaku.HttpCache.Storage;

/// <summary>A response's body, shared by all readers, also while it is arriving. Received pieces never change. Thread-safe.</summary>
internal sealed class CachedBody
{
    /// <summary>How far the slowest reader may be behind when the body is not kept.</summary>
    private const long Window = 1024 * 1024;

    /// <summary>Up to this size a complete body is one piece, and one write.</summary>
    private const int OnePiece = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private readonly List<long> _starts = [];
    private readonly List<Reader> _readers = [];
    private TaskCompletionSource _changed = New();
    private Exception? _error;
    private bool _isKept = true;

    /// <param name="expected">Its length, if that is known beforehand.</param>
    public CachedBody(long? expected) => Expected = expected;

    /// <summary>A complete body.</summary>
    public CachedBody(ReadOnlyMemory<byte> whole)
    {
        Expected = whole.Length;
        Append(whole);
        Complete();
    }

    /// <summary>The body of an entry that has only a head.</summary>
    public static CachedBody Empty { get; } = new(ReadOnlyMemory<byte>.Empty);

    public long? Expected { get; private set; }

    public long Length { get; private set; }

    public bool IsComplete { get; private set; }

    /// <summary>The whole body if it is complete and in one piece.</summary>
    /// <remarks>Written as statements: in a conditional expression null would convert to empty memory.</remarks>
    public ReadOnlyMemory<byte>? Whole
    {
        get
        {
            if (!IsComplete || _pieces.Count > 1)
            {
                return null;
            }

            return _pieces.Count == 0 ? ReadOnlyMemory<byte>.Empty : _pieces[0];
        }
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces => IsComplete ? _pieces : throw new InvalidOperationException("The body is not complete.");

    public void Append(ReadOnlyMemory<byte> piece)
    {
        lock (_gate)
        {
            if (_pieces.Count > 0 && TryJoin(_pieces[^1], piece) is { } joined)
            {
                _pieces[^1] = joined;
            }
            else
            {
                _pieces.Add(piece);
                _starts.Add(Length);
            }

            Length += piece.Length;
        }

        Change();
    }

    public void Complete()
    {
        lock (_gate)
        {
            Expected = Length;
            if (_isKept && _pieces.Count > 1 && Length <= OnePiece)
            {
                Merge();
            }

            IsComplete = true;
        }

        Change();
    }

    /// <summary>The body will not become complete. Readers get the error.</summary>
    public void Fail(Exception error)
    {
        _error = error;
        Change();
    }

    /// <summary>Keeps only what the current readers need; no reader may join.</summary>
    /// <returns>Whether there are readers.</returns>
    public bool StopKeeping()
    {
        lock (_gate)
        {
            _isKept = false;
            Trim();
            return _readers.Count > 0;
        }
    }

    /// <summary>Waits until the slowest reader of a body that is not kept has caught up.</summary>
    /// <returns>False when there are no readers any more.</returns>
    public async ValueTask<bool> HasRoomAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_isKept || _readers.Count == 0)
                {
                    return _isKept;
                }

                Trim();
                if (Length - _readers.Min(reader => reader.Position) < Window)
                {
                    return true;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Waits until this many bytes have arrived, or all, or until the body is not kept any more.</summary>
    /// <exception cref="IOException">The upstream did not send the rest.</exception>
    public async ValueTask ReachAsync(long length, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (Length >= length || IsComplete || !_isKept)
                {
                    return;
                }

                if (_error is { } error)
                {
                    throw new IOException("The upstream did not send the rest.", error);
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Begins to read; null when the beginning is not available any more.</summary>
    public Reader? TryRead(long position = 0)
    {
        lock (_gate)
        {
            if (!_isKept)
            {
                return null;
            }

            var reader = new Reader(this, position);
            if (!IsComplete)
            {
                _readers.Add(reader);
            }

            return reader;
        }
    }

    /// <summary>Joins two pieces that are adjacent in one array.</summary>
    private static ReadOnlyMemory<byte>? TryJoin(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> next)
    {
        if (MemoryMarshal.TryGetArray(one, out var first) && MemoryMarshal.TryGetArray(next, out var second)
            && first.Array == second.Array && first.Offset + first.Count == second.Offset)
        {
            return new ReadOnlyMemory<byte>(first.Array, first.Offset, first.Count + second.Count);
        }

        return null;
    }

    private void Merge()
    {
        var whole = new byte[Length];
        for (var i = 0; i < _pieces.Count; i++)
        {
            _pieces[i].CopyTo(whole.AsMemory((int)_starts[i]));
        }

        _pieces.Clear();
        _starts.Clear();
        _pieces.Add(whole);
        _starts.Add(0);
    }

    private void Trim()
    {
        var position = _readers.Count == 0 ? Length : _readers.Min(reader => reader.Position);
        var count = 0;
        while (count < _pieces.Count && _starts[count] + _pieces[count].Length <= position)
        {
            count++;
        }

        _pieces.RemoveRange(0, count);
        _starts.RemoveRange(0, count);
    }

    private void Change()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            (changed, _changed) = (_changed, New());
        }

        changed.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A reader of the body, at its own pace.</summary>
    internal sealed class Reader(CachedBody body, long position) : IDisposable
    {
        public long Position { get; private set; } = position;

        /// <summary>The next bytes; empty at the end.</summary>
        /// <exception cref="IOException">The origin did not send the rest.</exception>
        public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellation)
        {
            while (true)
            {
                Task changed;
                lock (body._gate)
                {
                    if (Position < body.Length)
                    {
                        return Next();
                    }

                    if (body.IsComplete)
                    {
                        return ReadOnlyMemory<byte>.Empty;
                    }

                    if (body._error is { } error)
                    {
                        throw new IOException("The origin did not send the rest.", error);
                    }

                    changed = body._changed.Task;
                }

                await changed.WaitAsync(cancellation);
            }
        }

        /// <summary>Skips bytes, whether they have arrived or not.</summary>
        public void Skip(long count)
        {
            lock (body._gate)
            {
                Position += count;
            }
        }

        /// <summary>Marks bytes as consumed; without this they are returned again.</summary>
        public void Advance(int count)
        {
            Position += count;
            if (!body._isKept)
            {
                body.Change();
            }
        }

        public void Dispose()
        {
            lock (body._gate)
            {
                body._readers.Remove(this);
            }

            if (!body._isKept)
            {
                body.Change();
            }
        }

        private ReadOnlyMemory<byte> Next()
        {
            var index = body._starts.BinarySearch(Position);
            index = index < 0 ? ~index - 1 : index;
            return body._pieces[index][(int)(Position - body._starts[index])..];
        }
    }
}
