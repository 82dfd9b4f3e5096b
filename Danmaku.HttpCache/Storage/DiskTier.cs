using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache.Storage;

/// <summary>
/// Stored responses in files, so that they survive a restart and may be more than memory holds. A response is two files: its body, and a
/// head with the body's length and digest. Both are written under another name and renamed, the body first; so what has a head is whole,
/// however the process ended, and what is not, or was changed on the disk, is found out by its digest and not served.
/// </summary>
/// <remarks>
/// It leaves a share of the disk free. It looks before it writes, while it writes and every <see cref="LookEvery"/>, and gives files back,
/// the least used first, where others have taken of that share.
/// One thread writes, from a bounded queue; what does not fit into it is not written. Reading is bounded too. Files are not forced to the
/// disk: after a power failure the digests tell what is left.
/// </remarks>
internal sealed class DiskTier : IHostedService, IDisposable
{
    /// <summary>The blocks that two small files take.</summary>
    private const long Overhead = 8192;

    /// <summary>Given back at once when the store has found the disk full: more than a commit needs.</summary>
    private const long StoreNeeds = 16L * 1024 * 1024;

    private const int MaxQueue = 1024;
    private const int MaxReads = 8;
    private const int MaxHeadBytes = 256 * 1024;
    private const string HeadSuffix = ".head";
    private const string BodySuffix = ".body";
    private const string PartSuffix = ".part";
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly byte[] Magic = "danmaku-cache-1\n"u8.ToArray();

    /// <summary>Of what is no whole response: another, so that earlier releases do not take it for one.</summary>
    private static readonly byte[] PartMagic = "danmaku-cache-2\n"u8.ToArray();

    private readonly Channel<Action> _work = Channel.CreateBounded<Action>(MaxQueue);
    private readonly SemaphoreSlim _reads = new(MaxReads);
    private readonly Lock _gate = new();
    private readonly EvictionQueue<CacheEntry> _queue;
    private readonly ILogger<DiskTier> _logger;
    private readonly CacheRules _rules;
    private readonly TimeProvider _time;
    private readonly string _directory;
    private readonly FreeShare _share;
    private readonly long _sliceBytes;
    private readonly bool _isOn;
    private ITimer? _looking;
    private CacheStore _store = null!;
    private Task _running = Task.CompletedTask;
    private bool _hasFailed;
    private long _rebuild;

    public DiskTier(HttpCacheOptions options, TimeProvider time, ILogger<DiskTier> logger)
    {
        _rules = options.ToRules();
        _time = time;
        _logger = logger;
        _sliceBytes = options.SliceBytes;
        _isOn = options.DiskBytes > 0;
        _directory = Path.GetFullPath(options.Directory);
        _share = new FreeShare(_directory, options.DiskFree);
        _queue = new EvictionQueue<CacheEntry>(options.DiskBytes, OnEvicted);
    }

    public long Cost => _queue.Cost;

    /// <summary>
    /// Before the store opens: an earlier process may have left so much that it could not. The oldest files go until the share is free.
    /// </summary>
    public static void GiveBackLeftovers(HttpCacheOptions options)
    {
        var directory = new DirectoryInfo(Path.GetFullPath(options.Directory));
        var share = new FreeShare(directory.FullName, options.DiskFree);
        try
        {
            if (directory.Exists && share.Spare < 0)
            {
                foreach (var file in OldestFirst(directory).Where(file => file.Extension is HeadSuffix or BodySuffix or PartSuffix).TakeWhile(_ => share.Spare < 0))
                {
                    file.Delete();
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever needs the disk next says so.
        }
    }

    /// <summary>The store has found the disk full, and tries again when this returns. Callable from any thread; throws nothing.</summary>
    /// <returns>Whether there was anything to give back.</returns>
    public bool MakeRoom()
    {
        var given = GiveBack(StoreNeeds);
        if (given > 0)
        {
            _logger.CacheMadeRoom(given);
        }

        return given > 0;
    }

    /// <summary>Completes when everything that was asked for before is on the disk.</summary>
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

            // In the queue, so that no look begins before the one before has ended; where it is full, those who write look.
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

    /// <summary>Writes a complete response, soon.</summary>
    internal void Write(CacheEntry entry)
    {
        if (_isOn && entry.Body is { } body)
        {
            _work.Writer.TryWrite(() => WriteNow(entry, body));
        }
    }

    /// <summary>Writes the head of a response that is on disk already, soon.</summary>
    internal void WriteHead(CacheEntry entry)
    {
        if (entry.File is not null)
        {
            _work.Writer.TryWrite(() =>
            {
                if (entry is { IsRemoved: false, File: { } file })
                {
                    WriteHeadNow(entry, file);
                }
            });
        }
    }

    /// <summary>Deletes the files of a response that is gone.</summary>
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
            // At once, not in the queue, which may be full: what was purged must not come back with the next start.
            DeleteFiles(file.Id);
        }
    }

    /// <summary>Reads a body; null when it is not what was written.</summary>
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
            var bytes = await File.ReadAllBytesAsync(PathOf(file.Id, BodySuffix), cancellation);
            if (bytes.LongLength == entry.Length && SHA256.HashData(bytes).AsSpan().SequenceEqual(file.Digest))
            {
                return new CachedBody(bytes);
            }

            _logger.CacheFileDamaged();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It was deleted meanwhile, or the disk is in trouble; the origin has it.
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

    /// <summary>Tells once, until something can be written again.</summary>
    private void Fail(Exception error)
    {
        if (!_hasFailed)
        {
            _logger.CacheDiskFailed(error.Message);
        }

        _hasFailed = true;
    }

    /// <summary>Takes in what an earlier process has left, and deletes what it has not finished.</summary>
    private void Rebuild()
    {
        Directory.CreateDirectory(_directory);
        foreach (var file in OldestFirst(new DirectoryInfo(_directory)))
        {
            var (id, suffix) = (Path.GetFileNameWithoutExtension(file.Name), file.Extension);
            var isOurs = suffix == PartSuffix
                || (suffix == BodySuffix && !File.Exists(PathOf(id, HeadSuffix)))
                || (suffix == HeadSuffix && !TryTakeIn(id));
            if (isOurs)
            {
                DeleteFiles(id);
                file.Delete();
            }
        }

        GiveBackShare();
    }

    private bool TryTakeIn(string id)
    {
        if (ReadHead(id) is not { } entry || !File.Exists(PathOf(id, BodySuffix)) || new FileInfo(PathOf(id, BodySuffix)).Length != entry.Length)
        {
            return false;
        }

        if (!_store.TryAddFromDisk(entry, _rebuild))
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
            if (TryWriteBody(body, PathOf(id, PartSuffix)) is not { } digest)
            {
                return;
            }

            File.Move(PathOf(id, PartSuffix), PathOf(id, BodySuffix));
            var written = new DiskFile(id, digest);
            WriteHeadNow(entry, written);
            entry.File = written;
        }
        finally
        {
            if (entry.File is null)
            {
                // What is half written must not stay on a disk that is full.
                DeleteFiles(id);
            }
        }

        _hasFailed = false;
        Enter(entry);

        // Somebody may have removed it while it had no file to delete.
        if (entry.IsRemoved)
        {
            Delete(entry);
        }
    }

    /// <returns>Its digest; null when others fill the disk meanwhile.</returns>
    private byte[]? TryWriteBody(CachedBody body, string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = File.Create(path);
        foreach (var piece in body.Pieces)
        {
            if (_share.IsHalfGone)
            {
                return null;
            }

            hash.AppendData(piece.Span);
            file.Write(piece.Span);
        }

        return hash.GetHashAndReset();
    }

    /// <summary>Makes room for so many bytes more, with the share still free.</summary>
    /// <returns>False where that cannot be, however much is given back.</returns>
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

    /// <returns>How many bytes that were: at least as many as asked for, if there were so many.</returns>
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

    private void WriteHeadNow(CacheEntry entry, DiskFile file)
    {
        using var memory = new MemoryStream();
        var isPart = entry.Complete is not null || entry.Key.Part is not null;
        memory.Write(isPart ? PartMagic : Magic);
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            var head = entry.Head;
            writer.Write(entry.Key.Target);
            writer.Write(entry.Key.Site);
            if (isPart)
            {
                writer.Write(entry.Key.Part ?? "");
                writer.Write(entry.Complete ?? -1);
                writer.Write(_sliceBytes);
            }

            writer.Write(head.VaryKey);
            writer.Write(entry.Length);
            writer.Write(file.Digest);
            writer.Write(head.Status);
            writer.Write(head.Response.RequestTime.UtcTicks);
            writer.Write(head.Response.ResponseTime.UtcTicks);
            writer.Write(head.Fields.Count);
            foreach (var (name, value) in head.Fields)
            {
                writer.Write(name);
                writer.Write(value);
            }
        }

        memory.Write(SHA256.HashData(memory.ToArray()));
        var part = PathOf(file.Id, PartSuffix);
        File.WriteAllBytes(part, memory.ToArray());
        File.Move(part, PathOf(file.Id, HeadSuffix), overwrite: true);
    }

    private CacheEntry? ReadHead(string id)
    {
        var path = PathOf(id, HeadSuffix);
        if (new FileInfo(path).Length > MaxHeadBytes)
        {
            return null;
        }

        var bytes = File.ReadAllBytes(path);
        var headLength = bytes.Length - SHA256.HashSizeInBytes;
        if (headLength < Magic.Length || !(bytes.AsSpan().StartsWith(Magic) || bytes.AsSpan().StartsWith(PartMagic)) || !SHA256.HashData(bytes.AsSpan(0, headLength)).AsSpan().SequenceEqual(bytes.AsSpan(headLength)))
        {
            return null;
        }

        // The digest was right, so this is what was written.
        using var reader = new BinaryReader(new MemoryStream(bytes, Magic.Length, headLength - Magic.Length));
        var key = new CacheKey(reader.ReadString(), reader.ReadString());
        long? complete = null;
        if (bytes.AsSpan().StartsWith(PartMagic))
        {
            key = key with { Part = reader.ReadString() is { Length: > 0 } part ? part : null };
            complete = reader.ReadInt64() is >= 0 and var length ? length : null;
            if (reader.ReadInt64() != _sliceBytes)
            {
                return null;
            }
        }

        var varyKey = reader.ReadString();
        var bodyLength = reader.ReadInt64();
        var digest = reader.ReadBytes(SHA256.HashSizeInBytes);
        var status = reader.ReadInt32();
        var (requested, responded) = (ReadTime(reader), ReadTime(reader));
        HttpField[] fields = [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => new HttpField(reader.ReadString(), reader.ReadString()))];
        var head = StoredHead.Of(new ResponseHead(status, fields, requested, responded), varyKey, _rules);
        return new CacheEntry(key, head, null)
        {
            Length = bodyLength,
            Complete = complete,
            File = new DiskFile(id, digest),
            IsUnchecked = head.Tags.Count > 0,
        };
    }

    private static DateTimeOffset ReadTime(BinaryReader reader) => new(reader.ReadInt64(), TimeSpan.Zero);

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

    /// <summary>Outside of the lock: the store has one of its own, and calls this with it held.</summary>
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

    private List<CacheEntry>? _evicted;

    private void OnEvicted(CacheEntry entry)
    {
        entry.OnDisk = null;
        _evicted!.Add(entry);
    }

    /// <summary>The head first: without it the body is nothing.</summary>
    private void DeleteFiles(string id)
    {
        try
        {
            File.Delete(PathOf(id, HeadSuffix));
            File.Delete(PathOf(id, BodySuffix));
            File.Delete(PathOf(id, PartSuffix));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Fail(error);
        }
    }

    private static IEnumerable<FileInfo> OldestFirst(DirectoryInfo directory) => directory.EnumerateFiles().OrderBy(file => file.LastWriteTimeUtc);

    private string PathOf(string id, string suffix) => Path.Combine(_directory, id + suffix);
}
