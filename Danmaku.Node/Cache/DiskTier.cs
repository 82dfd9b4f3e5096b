using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Danmaku.Core.Http;
using Danmaku.Node.Observability;
using Danmaku.Node.Options;

namespace Danmaku.Node.Cache;

/// <summary>
/// Stored responses in files, so that they survive a restart and may be more than memory holds. A response is two files: its body, and a
/// head with the body's length and digest. Both are written under another name and renamed, the body first; so what has a head is whole,
/// however the process ended, and what is not, or was changed on the disk, is found out by its digest and not served.
/// </summary>
/// <remarks>
/// One thread writes, from a bounded queue; what does not fit into it is not written. Reading is bounded too. Files are not forced to the
/// disk: after a power failure the digests tell what is left.
/// </remarks>
internal sealed class DiskTier : IHostedService, IDisposable
{
    /// <summary>The blocks that two small files take.</summary>
    private const long Overhead = 8192;

    private const int MaxQueue = 1024;
    private const int MaxReads = 8;
    private const int MaxHeadBytes = 256 * 1024;
    private const string HeadSuffix = ".head";
    private const string BodySuffix = ".body";
    private const string PartSuffix = ".part";
    private static readonly byte[] Magic = "danmaku-cache-1\n"u8.ToArray();

    private readonly Channel<Action> _work = Channel.CreateBounded<Action>(MaxQueue);
    private readonly SemaphoreSlim _reads = new(MaxReads);
    private readonly Lock _gate = new();
    private readonly EvictionQueue<CacheEntry> _queue;
    private readonly ILogger<DiskTier> _logger;
    private readonly CacheRules _rules;
    private readonly string _directory;
    private readonly bool _isOn;
    private CacheStore _store = null!;
    private Task _running = Task.CompletedTask;
    private bool _hasFailed;
    private long _rebuild;

    public DiskTier(NodeSettings settings, ILogger<DiskTier> logger)
    {
        var options = settings.Cache;
        _rules = options.ToRules();
        _logger = logger;
        _isOn = options.DiskBytes > 0;
        _directory = Path.GetFullPath(options.Directory.Length > 0 ? options.Directory : Path.Combine(settings.Node.DataDirectory, "cache"));
        _queue = new EvictionQueue<CacheEntry>(options.DiskBytes, OnEvicted);
    }

    public long Cost => _queue.Cost;

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
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _work.Writer.TryComplete();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _reads.Dispose();

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
            _hasFailed = false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (!_hasFailed)
            {
                _logger.CacheDiskFailed(error.Message);
            }

            _hasFailed = true;
        }
    }

    /// <summary>Takes in what an earlier process has left, and deletes what it has not finished.</summary>
    private void Rebuild()
    {
        Directory.CreateDirectory(_directory);
        foreach (var path in Directory.EnumerateFiles(_directory))
        {
            var (id, suffix) = (Path.GetFileNameWithoutExtension(path), Path.GetExtension(path));
            var isOurs = suffix == PartSuffix
                || (suffix == BodySuffix && !File.Exists(PathOf(id, HeadSuffix)))
                || (suffix == HeadSuffix && !TryTakeIn(id));
            if (isOurs)
            {
                DeleteFiles(id);
                File.Delete(path);
            }
        }
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
        if (entry.IsRemoved || entry.File is not null)
        {
            return;
        }

        var id = Guid.NewGuid().ToString("n");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var part = PathOf(id, PartSuffix);
        using (var file = File.Create(part))
        {
            foreach (var piece in body.Pieces)
            {
                hash.AppendData(piece.Span);
                file.Write(piece.Span);
            }
        }

        File.Move(part, PathOf(id, BodySuffix));
        var written = new DiskFile(id, hash.GetHashAndReset());
        WriteHeadNow(entry, written);
        entry.File = written;
        Enter(entry);

        // Somebody may have removed it while it had no file to delete.
        if (entry.IsRemoved)
        {
            Delete(entry);
        }
    }

    private void WriteHeadNow(CacheEntry entry, DiskFile file)
    {
        using var memory = new MemoryStream();
        memory.Write(Magic);
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            var head = entry.Head;
            writer.Write(entry.Key.Target);
            writer.Write(entry.Key.Site);
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
        var length = bytes.Length - SHA256.HashSizeInBytes;
        if (length < Magic.Length || !bytes.AsSpan().StartsWith(Magic) || !SHA256.HashData(bytes.AsSpan(0, length)).AsSpan().SequenceEqual(bytes.AsSpan(length)))
        {
            return null;
        }

        // The digest was right, so this is what was written.
        using var reader = new BinaryReader(new MemoryStream(bytes, Magic.Length, length - Magic.Length));
        var key = new CacheKey(reader.ReadString(), reader.ReadString());
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

        // Outside of the lock: the store has one of its own, and calls this with it held.
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
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _logger.CacheDiskFailed(error.Message);
        }
    }

    private string PathOf(string id, string suffix) => Path.Combine(_directory, id + suffix);
}
