using System.Net.Sockets;
using Danmaku.Bench.Client;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Scenarios;

/// <summary>The viewers of one room, over several edges.</summary>
public sealed class Crowd : IDisposable
{
    /// <summary>More than this are not joining at the same time, however slow the servers answer.</summary>
    private const int MaxJoining = 256;

    private static readonly TimeSpan JoinTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);

    private readonly FanoutSettings _settings;
    private readonly PostBook _book;
    private readonly TimeProvider _time;
    private readonly ViewerClient[] _viewers;
    private int _joined;

    public Crowd(FanoutSettings settings, RunClock clock, PostTexts texts, PostBook book)
    {
        (_settings, _book, _time) = (settings, book, clock.Time);
        Edges = [.. settings.Urls.Select(url => new Edge(url))];
        Audience[] audiences = [.. Edges.Select(edge => new Audience(clock, texts, book, edge.Latency))];
        _viewers = [.. Enumerable.Range(0, settings.Viewers).Select(i => Create(i, audiences[i % audiences.Length]))];
        Posters = [.. _viewers.Take(settings.Posters).Cast<JsonViewer>()];
        for (var i = 0; i < _viewers.Length; i++)
        {
            Edges[i % Edges.Count].Viewers.Add(_viewers[i]);
        }
    }

    public IReadOnlyList<Edge> Edges { get; }

    public IReadOnlyList<JsonViewer> Posters { get; }

    public int Joined => _joined;

    public long Deliveries => _viewers.Sum(viewer => viewer.Deliveries);

    public long ReceivedBytes => _viewers.Sum(viewer => viewer.ReceivedBytes);

    /// <summary>Lets all viewers join, at the settings' rate.</summary>
    /// <exception cref="InvalidDataException">One was not let in. The others are given up.</exception>
    public async Task JoinAsync(CancellationToken cancellation)
    {
        using var places = new SemaphoreSlim(MaxJoining);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var start = _time.GetTimestamp();
        var joins = new List<Task>();
        try
        {
            for (var i = 0; i < _viewers.Length && joins.TrueForAll(join => !join.IsFaulted); i++)
            {
                await _time.DelayUntil(start, TimeSpan.FromSeconds((double)i / _settings.ConnectRate), given.Token);
                await places.WaitAsync(given.Token);
                joins.Add(JoinAsync(i, places, given.Token));
            }

            await Task.WhenAll(joins);
        }
        catch
        {
            await given.CancelAsync();
            throw;
        }
    }

    /// <summary>Whether every viewer that is still connected has got everything that was acknowledged.</summary>
    public bool HasEverything() => _book.HighestAcked is var last && Array.TrueForAll(_viewers, viewer =>
    {
        viewer.Settle();
        return viewer.IsDisconnected || viewer.Sequence?.Last >= last;
    });

    /// <summary>All leave. Afterwards the sequences are final.</summary>
    public async Task CloseAsync()
    {
        var last = _book.HighestAcked;
        var isDisconnected = Array.ConvertAll(_viewers, viewer => viewer.IsDisconnected);
        await Task.WhenAll(_viewers.Select(viewer => viewer.CloseAsync(ClosePatience, _time)));
        for (var i = 0; i < _viewers.Length; i++)
        {
            _viewers[i].Settle();
            if (!isDisconnected[i])
            {
                _viewers[i].Sequence?.End(last);
            }
        }
    }

    public Sequences Check() => new(
        Total(sequence => sequence.Missing),
        Total(sequence => sequence.Announced),
        Total(sequence => sequence.Doubled),
        Total(sequence => sequence.Reordered),
        Total(sequence => sequence.Breaks),
        _viewers.OfType<PlainViewer>().Sum(viewer => viewer.Unplaced),
        _viewers.Count(viewer => viewer.Sequence is null),
        _viewers.Sum(viewer => viewer.Foreign));

    /// <summary>How many connections ended by themselves, by how they ended.</summary>
    public IReadOnlyDictionary<string, int> Disconnects() => _viewers
        .Where(viewer => viewer.IsDisconnected)
        .CountBy(viewer => viewer.End ?? "", StringComparer.Ordinal)
        .ToDictionary();

    public void Dispose()
    {
        foreach (var viewer in _viewers)
        {
            viewer.Dispose();
        }
    }

    private ViewerClient Create(int index, Audience audience)
    {
        // Counted per edge, so that every edge has its share of the sample.
        var isSampled = index / _settings.Urls.Count % _settings.SampleOneIn == 0;
        return _settings.Format == ViewerFormat.Json || index < _settings.Posters
            ? new JsonViewer(audience, isSampled)
            : new PlainViewer(audience, isSampled);
    }

    private async Task JoinAsync(int index, SemaphoreSlim places, CancellationToken cancellation)
    {
        var url = RoomUrl(_settings.Urls[index % _settings.Urls.Count]);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timeout = new CancellationTokenSource(JoinTimeout, _time);
        using var link = timeout.Token.Register(patience.Cancel);
        try
        {
            await _viewers[index].JoinAsync(url, patience.Token);
            Interlocked.Increment(ref _joined);
        }
        catch (SocketException unreachable)
        {
            throw new InvalidDataException($"{url}: {unreachable.Message}", unreachable);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            throw new InvalidDataException($"{url} did not let a viewer in within {JoinTimeout.TotalSeconds:0} s");
        }
        finally
        {
            places.Release();
        }
    }

    private Uri RoomUrl(Uri edge) => new(new Uri(edge.AbsoluteUri.TrimEnd('/') + "/"), $"ws/{_settings.Room}");

    private long Total(Func<SequenceChecker, long> count) => _viewers.Sum(viewer => viewer.Sequence is { } sequence ? count(sequence) : 0);
}

/// <summary>An edge, the viewers on it, and how long danmaku took to those who measure.</summary>
public sealed record Edge(Uri Url)
{
    public List<ViewerClient> Viewers { get; } = [];

    public LatencyRecorder Latency { get; } = new();
}

/// <summary>How the sequences of all viewers went, added up.</summary>
/// <param name="Announced">Of <paramref name="Missing"/>: the server said so (<c>skipped</c>).</param>
/// <param name="Breaks">Times that continuity could not be shown: <c>lost</c>, or an epoch without its predecessor.</param>
/// <param name="Unplaced">Plain danmaku whose position nobody told.</param>
/// <param name="Silent">Viewers that never got anything to begin a sequence with.</param>
/// <param name="Foreign">Danmaku of others, as far as somebody looked.</param>
public sealed record Sequences(long Missing, long Announced, long Doubled, long Reordered, long Breaks, long Unplaced, int Silent, long Foreign)
{
    public bool IsClean => Missing + Doubled + Reordered + Breaks + Unplaced + Silent == 0;
}
