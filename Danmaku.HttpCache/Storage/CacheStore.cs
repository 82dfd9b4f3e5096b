using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache.Storage;

/// <summary>All stored responses, in memory and on disk. Thread-safe; lookups take no lock.</summary>
public sealed class CacheStore : ICachePurge
{
    /// <summary>Most variants of one resource; the oldest is removed.</summary>
    internal const int MaxVariants = 32;

    /// <summary>The memory of an entry besides its body: its fields and its index entries.</summary>
    private const long MemoryOverhead = 1024;

    /// <summary>Most purges remembered for responses that are arriving; with more, no response that is arriving is stored.</summary>
    private const int MaxRememberedPurges = 10_000;

    private readonly ConcurrentDictionary<CacheKey, CacheEntry[]> _resources = new();
    private readonly Dictionary<string, HashSet<CacheEntry>> _tags = [];
    private readonly EvictionQueue<CacheEntry> _memory;
    private readonly Lock _gate = new();
    private readonly long _memoryBytes;
    private readonly Dictionary<string, long> _purgedTags = [];
    private readonly Dictionary<CacheKey, long> _purgedKeys = [];
    private readonly Dictionary<string, long> _purgedTargets = [];
    private readonly SortedSet<long> _fills = [];
    private long _sequence;
    private long _nothingBefore;
    private long _filling;

    internal CacheStore(HttpCacheOptions options, DiskTier disk)
    {
        Disk = disk;
        _memoryBytes = options.MemoryBytes;
        _memory = new EvictionQueue<CacheEntry>(options.MemoryBytes, OnMemoryEvicted);
        disk.Attach(this);
    }

    /// <summary>Bytes of responses in memory, plus about 1 KiB for each.</summary>
    public long MemoryBytes => _memory.Cost;

    /// <summary>Bytes of responses on disk, plus 8 KiB for each.</summary>
    public long DiskBytes => Disk.Cost;

    internal DiskTier Disk { get; }

    internal int Count => _resources.Count;

    /// <summary>Whether any variant of the resource is stored.</summary>
    internal bool TryGet(CacheKey key, [NotNullWhen(true)] out CacheEntry[]? variants) => _resources.TryGetValue(key, out variants);

    /// <summary>The newest variant that matches a request.</summary>
    internal CacheEntry? Find(CacheKey key, IReadOnlyList<HttpField> request)
    {
        if (!_resources.TryGetValue(key, out var variants))
        {
            return null;
        }

        for (var i = variants.Length - 1; i >= 0; i--)
        {
            if (variants[i].Head.Matches(request))
            {
                return variants[i];
            }
        }

        return null;
    }

    /// <summary>A number for a new fetch, to compare with later purges. Must be returned with <see cref="EndFill"/>.</summary>
    internal long BeginFill()
    {
        lock (_gate)
        {
            _fills.Add(++_sequence);
            return _sequence;
        }
    }

    internal void EndFill(long fill)
    {
        lock (_gate)
        {
            _fills.Remove(fill);
            if (_fills.Count == 0)
            {
                _purgedTags.Clear();
                _purgedKeys.Clear();
                _purgedTargets.Clear();
            }
        }
    }

    /// <summary>Reserves memory for an arriving response. Arriving responses may use as much as stored ones, and no more.</summary>
    internal bool TryReserve(long bytes)
    {
        if (Interlocked.Add(ref _filling, bytes) <= _memoryBytes)
        {
            return true;
        }

        Interlocked.Add(ref _filling, -bytes);
        return false;
    }

    internal void Release(long bytes) => Interlocked.Add(ref _filling, -bytes);

    /// <summary>Stores a complete response and replaces the one with the same keys.</summary>
    /// <returns>False when it was purged while it was arriving.</returns>
    internal bool TryAdd(CacheEntry entry, long fill)
    {
        lock (_gate)
        {
            if (WasPurged(entry, fill))
            {
                return false;
            }

            Insert(entry);
            entry.InMemory = _memory.Add(entry, MemoryCostOf(entry), entry.Hash);
        }

        Disk.Write(entry);
        return true;
    }

    /// <summary>Adds a response found on disk, unless a newer one is stored or it was purged since <paramref name="fill"/> began.</summary>
    internal bool TryAddFromDisk(CacheEntry entry, long fill)
    {
        lock (_gate)
        {
            if (WasPurged(entry, fill)
                || (_resources.TryGetValue(entry.Key, out var variants) && variants.Any(other => IsSameVariant(other, entry))))
            {
                return false;
            }

            Insert(entry);
            return true;
        }
    }

    /// <summary>Keeps a body that was read from disk in memory.</summary>
    internal void Promote(CacheEntry entry, CachedBody body)
    {
        lock (_gate)
        {
            if (entry.IsRemoved || entry.Body is not null)
            {
                return;
            }

            entry.Body = body;
            entry.InMemory = _memory.Add(entry, MemoryCostOf(entry), entry.Hash);
        }
    }

    /// <summary>Replaces the head of a validated response.</summary>
    internal void Freshen(CacheEntry entry, StoredHead head, long fill)
    {
        lock (_gate)
        {
            if (entry.IsRemoved || WasPurged(entry, fill))
            {
                return;
            }

            Untag(entry);
            entry.Head = head;
            entry.IsUnchecked = false;
            Tag(entry);
        }

        Disk.WriteHead(entry);
    }

    internal void Remove(CacheEntry entry)
    {
        lock (_gate)
        {
            Drop(entry);
        }
    }

    /// <summary>Removes responses that an unsafe request has invalidated (RFC 9111 §4.4).</summary>
    internal int Invalidate(CacheKey key)
    {
        lock (_gate)
        {
            Remember(_purgedKeys, key);
            return DropAll(key);
        }
    }

    /// <summary>
    /// Deletes files before anything else of the process needs the disk: an earlier process may have left so many that this one could not start. Deletes the
    /// oldest until the share is free. Does not throw.
    /// </summary>
    public static void GiveBackLeftovers(HttpCacheOptions options) => DiskFiles.GiveBackLeftovers(options);

    /// <summary>Deletes files because another user of the disk has found it full and will try again. Does not throw.</summary>
    /// <returns>Whether any file was deleted.</returns>
    public bool MakeRoom() => Disk.MakeRoom();

    public int PurgeUrl(string url)
    {
        if (RequestTarget.Normalise(url) is not { } target)
        {
            return 0;
        }

        lock (_gate)
        {
            Remember(_purgedTargets, target);
            // Slices or parts of one body count as one.
            return _resources.Keys.Where(key => key.Target == target).ToArray().Sum(key => DropAll(key) * (key.Part is null ? 1 : 0));
        }
    }

    public int PurgeTag(string tag)
    {
        lock (_gate)
        {
            Remember(_purgedTags, tag);
            if (!_tags.TryGetValue(tag, out var entries))
            {
                return 0;
            }

            CacheEntry[] purged = [.. entries];
            foreach (var entry in purged)
            {
                Drop(entry);
            }

            return purged.Count(entry => entry.Key.Part is null);
        }
    }

    /// <summary>The entry's files are gone or damaged.</summary>
    internal void OnDiskGone(CacheEntry entry)
    {
        lock (_gate)
        {
            entry.File = null;
            if (entry.Body is null)
            {
                Drop(entry);
            }
        }
    }

    private void OnMemoryEvicted(CacheEntry entry)
    {
        entry.InMemory = null;
        entry.Body = null;
        if (entry.File is null)
        {
            Drop(entry);
        }
    }

    private bool WasPurged(CacheEntry entry, long fill) =>
        fill < _nothingBefore
        || _purgedKeys.GetValueOrDefault(entry.Key) > fill
        || _purgedTargets.GetValueOrDefault(entry.Key.Target) > fill
        || entry.Head.Tags.Any(tag => _purgedTags.GetValueOrDefault(tag) > fill);

    private void Remember<T>(Dictionary<T, long> purged, T what)
        where T : notnull
    {
        if (_fills.Count == 0)
        {
            return;
        }

        purged[what] = ++_sequence;
        if (_purgedKeys.Count + _purgedTags.Count + _purgedTargets.Count > MaxRememberedPurges)
        {
            _nothingBefore = _sequence;
            _purgedTags.Clear();
            _purgedKeys.Clear();
            _purgedTargets.Clear();
        }
    }

    /// <summary>Replaces the earlier entry in one step: a concurrent lookup finds the old or the new one.</summary>
    private void Insert(CacheEntry entry)
    {
        var variants = _resources.GetValueOrDefault(entry.Key, []);
        var kept = variants.Where(old => !IsSameVariant(old, entry)).ToArray();
        kept = kept.Length == MaxVariants ? kept[1..] : kept;
        _resources[entry.Key] = [.. kept, entry];
        Tag(entry);
        foreach (var old in variants.Except(kept))
        {
            Drop(old);
        }
    }

    private static bool IsSameVariant(CacheEntry one, CacheEntry other) =>
        one.Head.VaryKey == other.Head.VaryKey && (one.Head.Vary?.Names ?? []).SequenceEqual(other.Head.Vary?.Names ?? []);

    private int DropAll(CacheKey key)
    {
        var variants = _resources.GetValueOrDefault(key, []);
        foreach (var entry in variants)
        {
            Drop(entry);
        }

        return variants.Length;
    }

    private void Drop(CacheEntry entry)
    {
        if (entry.IsRemoved)
        {
            return;
        }

        entry.IsRemoved = true;
        var left = _resources.GetValueOrDefault(entry.Key, []).Where(other => other != entry).ToArray();
        if (left.Length == 0)
        {
            _resources.TryRemove(entry.Key, out _);
        }
        else
        {
            _resources[entry.Key] = left;
        }

        Untag(entry);
        if (entry.InMemory is { } slot)
        {
            _memory.Remove(slot);
            entry.InMemory = null;
        }

        Disk.Delete(entry);
    }

    private void Tag(CacheEntry entry)
    {
        foreach (var tag in entry.Head.Tags)
        {
            if (!_tags.TryGetValue(tag, out var entries))
            {
                _tags.Add(tag, entries = []);
            }

            entries.Add(entry);
        }
    }

    private void Untag(CacheEntry entry)
    {
        foreach (var tag in entry.Head.Tags)
        {
            if (_tags.TryGetValue(tag, out var entries) && entries.Remove(entry) && entries.Count == 0)
            {
                _tags.Remove(tag);
            }
        }
    }

    private static long MemoryCostOf(CacheEntry entry) =>
        MemoryOverhead + entry.Length + entry.Head.Fields.Sum(field => 4L * (field.Name.Length + field.Value.Length)) + (2L * entry.Key.Target.Length);
}
