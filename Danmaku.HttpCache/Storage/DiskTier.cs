using System.Threading.Channels;

namespace Danmaku.HttpCache.Storage;

/// <summary>
/// Stored responses in files, so that they survive a restart and may exceed the memory. Incomplete or damaged files are detected by their
/// digests and not served: see <see cref="DiskFiles"/>.
/// </summary>
/// <remarks>
/// It leaves a share of the disk free. It checks the share before and during writes and every <see cref="LookEvery"/>, and deletes files, the least used
/// first, if other programs have used part of it.
/// One thread writes from a bounded queue; a response that does not fit into the queue is not written. Reads are bounded too. Files are not flushed to
/// the disk: after a power failure the digests show which are intact.
/// </remarks>
internal sealed class DiskTier : IHostedService, IDisposable
{
    /// <summary>The blocks that two small files take.</summary>
    private const long Overhead = 8192;

    /// <summary>How much is deleted at once when the room store has found the disk full: more than a commit needs.</summary>
    private const long StoreNeeds = 16L * 1024 * 1024;

    private const int MaxQueue = 1024;
    private const int MaxReads = 8;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Channel<Action> _work = Channel.CreateBounded<Action>(MaxQueue);
    private readonly SemaphoreSlim _reads = new(MaxReads);
    private readonly Lock _gate = new();
    private readonly EvictionQueue<CacheEntry> _queue;
    private readonly ILogger<DiskTier> _logger;
    private readonly TimeProvider _time;
    private readonly DiskFiles _files;
    private readonly FreeShare _share;
    private readonly bool _isOn;
    private ITimer? _looking;
    private CacheStore _store = null!;
    private Task _running = Task.CompletedTask;
    private bool _hasFailed;
    private long _rebuild;

    /// <summary>The entries that the queue is evicting; null outside of <see cref="_gate"/>.</summary>
    private List<CacheEntry>? _evicted;

    public DiskTier(HttpCacheOptions options, TimeProvider time, ILogger<DiskTier> logger)
    {
        _time = time;
        _logger = logger;
        _isOn = options.DiskBytes > 0;
        var directory = Path.GetFullPath(options.Directory);
        _files = new DiskFiles(directory, new HeadFormat(options.SliceBytes, options.ToRules()));
        _share = new FreeShare(directory, options.DiskFree);
        _queue = new EvictionQueue<CacheEntry>(options.DiskBytes, OnEvicted);
    }

    public long Cost => _queue.Cost;

    /// <summary>Deletes files because the room store has found the disk full. Callable from any thread; throws nothing.</summary>
    /// <returns>Whether anything was deleted.</returns>
    public bool MakeRoom()
    {
        var given = GiveBack(StoreNeeds);
        if (given > 0)
        {
            _logger.CacheMadeRoom(given);
        }

        return given > 0;
    }

    /// <summary>Completes when all earlier work is on the disk.</summary>
    public async Task FlushAsync()
    {
        var done = new TaskCompletionSource();
        await _work.Writer.WriteAsync(done.SetResult);
        await done.Task;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_isOn)
        {
            _running = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();

            // In the queue, so that checks never overlap; when the queue is full, the writes check.
            _looking = _time.CreateTimer(_ => _work.Writer.TryWrite(GiveBackShare), null, LookEvery, LookEvery);
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _looking?.Dispose();
        _work.Writer.TryComplete();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _looking?.Dispose();
        _reads.Dispose();
    }

    internal void Attach(CacheStore store)
    {
        _store = store;
        _rebuild = _isOn ? store.BeginFill() : 0;
    }

    /// <summary>Queues a complete response for writing.</summary>
    internal void Write(CacheEntry entry)
    {
        if (_isOn && entry.Body is { } body)
        {
            _work.Writer.TryWrite(() => WriteNow(entry, body));
        }
    }

    /// <summary>Queues the new head of a response that is on disk already.</summary>
    internal void WriteHead(CacheEntry entry)
    {
        if (entry.File is not null)
        {
            _work.Writer.TryWrite(() =>
            {
                if (entry is { IsRemoved: false, File: { } file })
                {
                    _files.WriteHead(entry, file);
                }
            });
        }
    }

    /// <summary>Deletes the files of a removed response.</summary>
    internal void Delete(CacheEntry entry)
    {
        lock (_gate)
        {
            if (entry.OnDisk is { } slot)
            {
                _queue.Remove(slot);
                entry.OnDisk = null;
            }
        }

        if (entry.File is { } file)
        {
            // At once, not in the queue, which may be full: a purged response must not return after a restart.
            DeleteFiles(file.Id);
        }
    }

    /// <summary>Reads a body; null if it is damaged or gone.</summary>
    internal async Task<CachedBody?> ReadAsync(CacheEntry entry, CancellationToken cancellation)
    {
        if (entry.File is not { } file)
        {
            return null;
        }

        entry.OnDisk?.Touch();
        await _reads.WaitAsync(cancellation);
        try
        {
            if (await _files.ReadBodyAsync(file, entry.Length, cancellation) is { } body)
            {
                return body;
            }

            _logger.CacheFileDamaged();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It was deleted meanwhile, or the disk fails; the origin has it.
        }
        finally
        {
            _reads.Release();
        }

        Delete(entry);
        _store.OnDiskGone(entry);
        return null;
    }

    private async Task RunAsync()
    {
        Try(Rebuild);
        _store.EndFill(_rebuild);
        await foreach (var work in _work.Reader.ReadAllAsync())
        {
            Try(work);
        }
    }

    private void Try(Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail(error);
        }
    }

    /// <summary>Logs once until a write succeeds again.</summary>
    private void Fail(Exception error)
    {
        if (!_hasFailed)
        {
            _logger.CacheDiskFailed(error.Message);
        }

        _hasFailed = true;
    }

    /// <summary>Adds the responses of earlier processes to the store, and deletes unfinished ones.</summary>
    private void Rebuild()
    {
        foreach (var (id, isFinished) in _files.Open())
        {
            if (!isFinished || !TryTakeIn(id))
            {
                DeleteFiles(id);
            }
        }

        GiveBackShare();
    }

    private bool TryTakeIn(string id)
    {
        if (_files.ReadHead(id) is not { } entry || !_store.TryAddFromDisk(entry, _rebuild))
        {
            return false;
        }

        Enter(entry);
        return true;
    }

    private void WriteNow(CacheEntry entry, CachedBody body)
    {
        if (entry.IsRemoved || entry.File is not null || !TryMakeRoom(Overhead + entry.Length))
        {
            return;
        }

        var id = Guid.NewGuid().ToString("n");
        try
        {
            if (_files.TryWriteBody(id, body, _share) is not { } digest)
            {
                return;
            }

            var written = new DiskFile(id, digest);
            _files.WriteHead(entry, written);
            entry.File = written;
        }
        finally
        {
            if (entry.File is null)
            {
                // Unfinished files must not stay on a full disk.
                DeleteFiles(id);
            }
        }

        _hasFailed = false;
        Enter(entry);

        // It may have been removed while it had no file to delete.
        if (entry.IsRemoved)
        {
            Delete(entry);
        }
    }

    /// <summary>Deletes files until so many more bytes fit beside the free share.</summary>
    /// <returns>False if they do not fit even without all files.</returns>
    private bool TryMakeRoom(long bytes)
    {
        var missing = bytes - _share.Spare;
        if (missing > Cost)
        {
            GiveBackShare();
            return false;
        }

        GiveBack(missing);
        return true;
    }

    private void GiveBackShare() => GiveBack(-_share.Spare);

    /// <returns>How many bytes were deleted: at least as many as asked for, if there were so many.</returns>
    private long GiveBack(long bytes)
    {
        if (bytes <= 0)
        {
            return 0;
        }

        List<CacheEntry> gone = [];
        lock (_gate)
        {
            _evicted = gone;
            _queue.EvictTo(Cost - bytes);
            _evicted = null;
        }

        DropEvicted(gone);
        return gone.Sum(entry => Overhead + entry.Length);
    }

    private void Enter(CacheEntry entry)
    {
        List<CacheEntry> gone = [];
        lock (_gate)
        {
            _evicted = gone;
            entry.OnDisk = _queue.Add(entry, Overhead + entry.Length, entry.Hash);
            _evicted = null;
        }

        DropEvicted(gone);
    }

    /// <summary>Called outside of the lock: the store calls this class while it holds its own lock.</summary>
    private void DropEvicted(List<CacheEntry> gone)
    {
        foreach (var evicted in gone)
        {
            if (evicted.File is { } file)
            {
                DeleteFiles(file.Id);
            }

            _store.OnDiskGone(evicted);
        }
    }

    private void OnEvicted(CacheEntry entry)
    {
        entry.OnDisk = null;
        _evicted!.Add(entry);
    }

    private void DeleteFiles(string id)
    {
        try
        {
            _files.Delete(id);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail(error);
        }
    }
}
