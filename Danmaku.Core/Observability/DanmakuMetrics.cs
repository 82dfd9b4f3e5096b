using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Observability;

/// <summary>All metrics of a node: the one catalogue of their names, in the meter <c>Danmaku</c>.</summary>
/// <remarks>Thread-safe. docs/operations.md says when to act on them.</remarks>
public sealed class DanmakuMetrics : IDisposable
{
    public const string MeterName = "Danmaku";

    private static readonly InstrumentAdvice<double> CommitBuckets =
        new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5] };

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _posts;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _deliveries;
    private readonly Counter<long> _skipped;
    private readonly Counter<long> _closes;
    private readonly Counter<long> _connectsRefused;
    private readonly Counter<long> _readsDelayed;
    private readonly Counter<long> _requestsRefused;
    private readonly Counter<long> _gaps;
    private readonly Counter<long> _lost;
    private readonly Counter<long> _replicationDropped;
    private readonly Counter<long> _replicationBatches;
    private readonly Counter<long> _replicationComments;
    private readonly Counter<long> _publishedUnsaved;
    private readonly Counter<long> _storeFailures;
    private readonly Counter<long> _fenced;
    private readonly Counter<long> _cacheAnswers;
    private readonly Counter<long> _originFailures;
    private readonly Counter<long> _memoryRefusals;
    private readonly Counter<long> _trimsPutOff;
    private readonly Histogram<double> _storeCommits;
    private long _unsaved;
    private long _viewers;
    private long _edgeRooms;
    private long _originRooms;
    private Func<IEnumerable<KeyValuePair<string, long>>> _members = () => [];
    private Func<IEnumerable<KeyValuePair<string, long>>> _cacheBytes = () => [];
    private readonly ConcurrentBag<Func<IEnumerable<KeyValuePair<string, bool>>>> _listeners = [];
    private Func<int>? _descriptors;
    private int _descriptorLimit;
    private MemoryBudget? _memory;
    private Func<(long Free, long Size)?> _disk = () => null;
    private Func<double> _clockAhead = () => 0;

    public DanmakuMetrics()
    {
        _posts = _meter.CreateCounter<long>("danmaku_posts", description: "Posts accepted by rooms of this origin.");
        _refusals = _meter.CreateCounter<long>("danmaku_refusals", description: "Posts of this node's viewers that were refused, by reason.");
        _deliveries = _meter.CreateCounter<long>("danmaku_deliveries", description: "Danmaku put into viewers' outboxes.");
        _skipped = _meter.CreateCounter<long>("danmaku_skipped", description: "Danmaku that viewers did not get because they, or this edge, were too slow.");
        _closes = _meter.CreateCounter<long>("danmaku_closes", description: "WebSockets that this node closed, by code.");
        _connectsRefused = _meter.CreateCounter<long>("danmaku_connects_refused", description: "Requests for WebSockets that this node refused, by reason.");
        _readsDelayed = _meter.CreateCounter<long>(
            "danmaku_reads_delayed",
            description: "How often reading a WebSocket paused because it, or its address, sent too many messages.");
        _requestsRefused = _meter.CreateCounter<long>("danmaku_requests_refused", description: "HTTP requests refused because their address made too many.");
        _gaps = _meter.CreateCounter<long>("danmaku_gaps", description: "Ranges that were missing on this edge and were fetched from an origin.");
        _lost = _meter.CreateCounter<long>("danmaku_lost", description: "How often a room on this edge could not prove its history complete.");
        _replicationDropped = _meter.CreateCounter<long>(
            "danmaku_replication_dropped",
            description: "Slices and heads not published because a publisher's queue was full; edges fetch them.");
        _replicationBatches = _meter.CreateCounter<long>("danmaku_replication_batches", description: "Batches published to edges.");
        _replicationComments = _meter.CreateCounter<long>("danmaku_replication_comments", description: "Danmaku in the batches published to edges.");
        _publishedUnsaved = _meter.CreateCounter<long>(
            "danmaku_published_unsaved",
            description: "Danmaku shown before the store had them, because it was slow or away.");
        _storeFailures = _meter.CreateCounter<long>("danmaku_store_failures", description: "Failed calls of the store, which are repeated.");
        _fenced = _meter.CreateCounter<long>("danmaku_rooms_fenced", description: "Rooms that stopped writing because another origin had opened them.");
        _cacheAnswers = _meter.CreateCounter<long>(
            "danmaku_cache_answers",
            description: "Answers of the HTTP cache, by result: hit, miss, stale, revalidated or error.");
        _originFailures = _meter.CreateCounter<long>(
            "danmaku_cache_origin_failures",
            description: "Requests for content that an origin did not answer, or answered with 502, 503 or 504.");
        _memoryRefusals = _meter.CreateCounter<long>(
            "danmaku_memory_refusals",
            description: "Refusals because the memory for clients is used up, by kind: connections, requests, input or output.");
        _trimsPutOff = _meter.CreateCounter<long>(
            "danmaku_store_trims_put_off",
            description: "How often deleting old danmaku was postponed because the clock was not trusted for long enough.");
        _storeCommits = _meter.CreateHistogram<double>(
            "danmaku_store_commit", unit: "s", description: "How long the store took for a commit.", advice: CommitBuckets);
        CreateGauges();
    }

    private void CreateGauges()
    {
        _meter.CreateObservableGauge(
            "danmaku_store_unsaved", () => Interlocked.Read(ref _unsaved),
            description: "Danmaku accepted by this origin that its store does not have yet.");
        _meter.CreateObservableGauge("danmaku_viewers", () => Viewers, description: "People connected to this node.");
        _meter.CreateObservableGauge("danmaku_rooms", ObserveRooms, description: "Open rooms, by part: origin (kept here) or edge (watched here).");
        _meter.CreateObservableGauge("danmaku_cache_bytes", ObserveCache, unit: "By", description: "Size of the HTTP cache, by tier: memory or disk.");
        _meter.CreateObservableGauge(
            "danmaku_memory_bytes", ObserveMemoryUse, unit: "By",
            description: "Memory that clients use, by kind: connections, requests, input or output.");
        _meter.CreateObservableGauge("danmaku_memory_limit_bytes", ObserveMemoryBound, unit: "By", description: "Memory that all clients together may use.");
        _meter.CreateObservableGauge("danmaku_descriptors", ObserveDescriptors, description: "Open file descriptors.");
        _meter.CreateObservableGauge("danmaku_descriptors_limit", ObserveDescriptorLimit, description: "The limit of open file descriptors.");
        _meter.CreateObservableGauge(
            "danmaku_accepting", ObserveListeners,
            description: "Whether a listener accepts connections (1), or waits for file descriptors (0).");
        _meter.CreateObservableGauge(
            "danmaku_disk_free_bytes", () => ObserveDisk(space => space.Free), unit: "By",
            description: "Bytes that this node may still write to the disk of its data directory.");
        _meter.CreateObservableGauge(
            "danmaku_disk_size_bytes", () => ObserveDisk(space => space.Size), unit: "By",
            description: "The size of the disk of the data directory.");
        _meter.CreateObservableGauge("danmaku_cluster_members", ObserveMembers, description: "Cluster members seen by this node, by status.");
        _meter.CreateObservableGauge(
            "danmaku_clock_ahead", () => _clockAhead(), unit: "s",
            description: "How far this node's wall clock is ahead of the time that the node uses; negative when it is behind.");
    }

    public long Viewers => Interlocked.Read(ref _viewers);

    public long EdgeRooms => Interlocked.Read(ref _edgeRooms);

    public long OriginRooms => Interlocked.Read(ref _originRooms);

    /// <summary>Whether an instrument belongs to this node, and not to another node in this process.</summary>
    public bool Has(Instrument instrument) => ReferenceEquals(instrument.Meter, _meter);

    public void PostAccepted() => _posts.Add(1);

    public void Refused(RejectReason reason) => _refusals.Add(1, new KeyValuePair<string, object?>("reason", reason.Name()));

    public void Delivered(int comments) => _deliveries.Add(comments);

    public void Skipped(int comments) => _skipped.Add(comments);

    public void Closed(int code) => _closes.Add(1, new KeyValuePair<string, object?>("code", code));

    /// <param name="reason">One of a few words.</param>
    public void ConnectRefused(string reason) => _connectsRefused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void ReadDelayed() => _readsDelayed.Add(1);

    public void RequestRefused() => _requestsRefused.Add(1);

    public void GapFetched() => _gaps.Add(1);

    public void Lost() => _lost.Add(1);

    public void ReplicationDropped() => _replicationDropped.Add(1);

    public void Replicated(int comments)
    {
        _replicationBatches.Add(1);
        _replicationComments.Add(comments);
    }

    public void PublishedUnsaved(int comments) => _publishedUnsaved.Add(comments);

    public void StoreFailed() => _storeFailures.Add(1);

    public void TrimPutOff() => _trimsPutOff.Add(1);

    public void RoomFenced() => _fenced.Add(1);

    public void StoreCommitted(TimeSpan took) => _storeCommits.Record(took.TotalSeconds);

    public void UnsavedChanged(int change) => Interlocked.Add(ref _unsaved, change);

    /// <param name="result">One of a few words.</param>
    public void CacheAnswered(string result) => _cacheAnswers.Add(1, new KeyValuePair<string, object?>("result", result));

    public void OriginFailed() => _originFailures.Add(1);

    public void ViewerJoined() => Interlocked.Increment(ref _viewers);

    public void ViewerLeft() => Interlocked.Decrement(ref _viewers);

    public void EdgeRoomOpened() => Interlocked.Increment(ref _edgeRooms);

    public void EdgeRoomClosed() => Interlocked.Decrement(ref _edgeRooms);

    public void OriginRoomOpened() => Interlocked.Increment(ref _originRooms);

    public void OriginRoomClosed() => Interlocked.Decrement(ref _originRooms);

    /// <summary>Sets the source of the number of members by status.</summary>
    public void ObserveMembers(Func<IEnumerable<KeyValuePair<string, long>>> members) => _members = members;

    /// <summary>Sets the source of the size of the HTTP cache by tier.</summary>
    public void ObserveCache(Func<IEnumerable<KeyValuePair<string, long>>> bytes) => _cacheBytes = bytes;

    /// <summary>A client was refused because the memory for clients is used up.</summary>
    public void MemoryRefused(MemoryKind kind) => _memoryRefusals.Add(1, KindLabel(kind));

    /// <summary>Sets the source of the memory that clients use.</summary>
    public void ObserveMemory(MemoryBudget memory) => _memory = memory;

    /// <param name="used">Counts the descriptors in use.</param>
    public void ObserveDescriptors(Func<int> used, int limit) => (_descriptors, _descriptorLimit) = (used, limit);

    /// <summary>Adds a source of which listeners accept connections; there may be several.</summary>
    public void ObserveListeners(Func<IEnumerable<KeyValuePair<string, bool>>> listeners) => _listeners.Add(listeners);

    /// <summary>Sets the source of the space on the disk of the data directory; null when the system does not report it.</summary>
    public void ObserveDisk(Func<(long Free, long Size)?> disk) => _disk = disk;

    /// <summary>Sets the source of how many seconds the wall clock is ahead.</summary>
    public void ObserveClock(Func<double> ahead) => _clockAhead = ahead;

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> KindLabel(MemoryKind kind) => new("kind", kind switch
    {
        MemoryKind.Connections => "connections",
        MemoryKind.Requests => "requests",
        MemoryKind.Input => "input",
        _ => "output",
    });

    private IEnumerable<Measurement<long>> ObserveMemoryUse() =>
        _memory is { } memory ? Enum.GetValues<MemoryKind>().Select(kind => new Measurement<long>(memory.UsedFor(kind), KindLabel(kind))) : [];

    private IEnumerable<Measurement<long>> ObserveMemoryBound() => _memory is { } memory ? [new(memory.Bound)] : [];

    private IEnumerable<Measurement<long>> ObserveDescriptors() => _descriptors is { } used ? [new(used())] : [];

    private IEnumerable<Measurement<long>> ObserveDescriptorLimit() => _descriptors is null ? [] : [new(_descriptorLimit)];

    private IEnumerable<Measurement<long>> ObserveListeners() =>
        _listeners.SelectMany(each => each())
            .Select(listener => new Measurement<long>(listener.Value ? 1 : 0, new KeyValuePair<string, object?>("listener", listener.Key)));

    private Measurement<long>[] ObserveRooms() =>
    [
        new(OriginRooms, new KeyValuePair<string, object?>("part", "origin")),
        new(EdgeRooms, new KeyValuePair<string, object?>("part", "edge")),
    ];

    private IEnumerable<Measurement<long>> ObserveCache() =>
        _cacheBytes().Select(tier => new Measurement<long>(tier.Value, new KeyValuePair<string, object?>("tier", tier.Key)));

    private IEnumerable<Measurement<long>> ObserveDisk(Func<(long Free, long Size), long> value) =>
        _disk() is { } space ? [new Measurement<long>(value(space))] : [];

    private IEnumerable<Measurement<long>> ObserveMembers() =>
        _members().Select(member => new Measurement<long>(member.Value, new KeyValuePair<string, object?>("status", member.Key)));
}
