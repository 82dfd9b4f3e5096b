using System.Net;
using System.Net.Sockets;
using Danmaku.Bench.Engine;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Viewers;

namespace Danmaku.Bench.Scenarios;

/// <summary>The viewers of a run in all its rooms and over all its edges, on the thread of one <see cref="LoadLoop"/>.</summary>
public sealed class Crowd : IDisposable
{
    private const string Subprotocol = "danmaku.v1.json";
    private const long CheckEvery = 50_000;
    private const long KeepAliveEvery = 10_000_000;

    /// <summary>From so many posts per second on, all that are due within a <see cref="Rest"/> go together: to wake for each would take a core.</summary>
    private const double ManyPerSecond = 2000;

    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);

    private readonly LoadSettings _settings;
    private readonly RunClock _clock;
    private readonly Action _watch;
    private readonly CancellationToken _cancellation;
    private readonly Inflater _inflater = new();
    private readonly List<Viewer> _viewers = [];
    private readonly List<Viewer> _dirty = [];
    private readonly Random _chance = new(1);
    private readonly List<Viewer> _leaving = [];
    private readonly List<string> _goneDisconnects = [];
    private Sequences _goneSequences = Sequences.None;
    private long _goneDeliveries;
    private Arrivals? _arrivals;
    private long _posts;
    private long _keptAlive;

    /// <param name="watch">Called now and then from the loop, to show how it goes.</param>
    public Crowd(LoadSettings settings, RunClock clock, IPoller poller, Action watch, CancellationToken cancellation)
    {
        if (settings is { Server: ServerKind.SignalR, Texts: TextKind.Corpus })
        {
            throw new InvalidDataException("SignalR escapes what is not ASCII: the corpus cannot be told again.");
        }

        (_settings, _clock, _watch, _cancellation) = (settings, clock, watch, cancellation);
        Loop = new LoadLoop(clock, poller, settings.IsSpinning);
        Edges = [.. settings.Urls.Select(url => new Edge(url))];
        Rooms = [.. Enumerable.Range(0, settings.Rooms).Select(CreateRoom)];
    }

    public LoadLoop Loop { get; }

    public IReadOnlyList<Edge> Edges { get; }

    public IReadOnlyList<RoomRun> Rooms { get; }

    /// <summary>How late posts left; latencies are counted from when they were due, so they include it.</summary>
    public LatencyRecorder Slip { get; } = new();

    public int Joined { get; private set; }

    /// <summary>Who has begun to connect, and has neither joined nor been refused.</summary>
    public int Waiting => _viewers.Count(viewer => !viewer.IsJoined && viewer.End is null);

    public long Deliveries => _goneDeliveries + _viewers.Concat(_leaving).Sum(viewer => viewer.Deliveries);

    /// <summary>So many viewers per second leave while posts go on, and others come in their place; those who post stay.</summary>
    public double ChurnRate { get; set; }

    public Compression Compression => _inflater.Total;

    public Posts Posts => Rooms.Aggregate(Posts.None, (sum, room) => sum.And(room.Book.Summary()));

    public Latency AckLatency => Merged(Rooms.Select(room => room.Book.AckLatency));

    public Latency Latency => Merged(Edges.Select(edge => edge.Latency));

    /// <summary>From when viewers were to begin to connect until they had joined.</summary>
    public LatencyRecorder JoinLatency { get; } = new();

    /// <summary>How often viewers were not let in and tried again, by the reason.</summary>
    public IReadOnlyDictionary<string, int> Refusals => _arrivals?.Refusals ?? new Dictionary<string, int>();

    /// <summary>Lets all viewers join, at the settings' rate.</summary>
    /// <param name="isRetrying">Who is not let in tries again, as the reference client does, instead of ending the run.</param>
    /// <exception cref="InvalidDataException">One was not let in.</exception>
    public void Join(bool isRetrying = false)
    {
        var arrivals = _arrivals = new Arrivals(_viewers, Connect, _settings.ConnectRate, isRetrying, Loop, _chance);
        Run(() => Joined == _viewers.Count, () => arrivals.ConnectDue(Joined), everyTime: () =>
        {
            if (arrivals.WhyFailed() is { } failed)
            {
                throw new InvalidDataException($"{_settings.Urls[EdgeOf(failed.Viewer.Index)]} did not let a viewer in{failed.Why}");
            }
        });
    }

    /// <summary>Posts at a rate on a schedule made beforehand: what is slow delays no post, so slowness is seen whole.</summary>
    /// <param name="rate">Posts per second in all rooms together, evenly spaced, by all posters in turn.</param>
    public void Post(double rate, TimeSpan duration)
    {
        var start = _clock.Micros;
        var (done, count) = (0L, Math.Max(1, (long)(rate * duration.TotalSeconds)));
        var end = start + (long)duration.TotalMicroseconds;
        var replaced = 0;
        Run(() => done == count && Loop.Now >= end, () =>
        {
            for (; ChurnRate > 0 && ChurnDue() <= Loop.Now; replaced++)
            {
                Replace();
            }

            for (; done < count && Due() <= Loop.Now; done++)
            {
                Post(Due());
            }

            Flush();
            return Math.Min(done < count ? Due() : end, ChurnRate > 0 ? ChurnDue() : end);
        }, rest: rate >= ManyPerSecond ? Rest : TimeSpan.Zero);

        long Due() => start + (long)(1e6 * done / rate);
        long ChurnDue() => start + (long)(1e6 * (replaced + 1) / ChurnRate);
    }

    /// <summary>Waits until every post has its answer and every viewer that is connected has got everything.</summary>
    /// <returns>False when that took longer.</returns>
    public bool Settle(TimeSpan patience)
    {
        var (isSettled, end) = (false, _clock.Micros + (long)patience.TotalMicroseconds);
        Run(() => isSettled || Loop.Now >= end, () =>
        {
            isSettled = Rooms.All(room => room.Book.Unanswered == 0) && _viewers.TrueForAll(viewer => viewer.HasEverything());
            return Loop.Now + CheckEvery;
        });
        return isSettled;
    }

    /// <summary>Listens for a while.</summary>
    public void Listen(TimeSpan duration)
    {
        var end = _clock.Micros + (long)duration.TotalMicroseconds;
        Run(() => Loop.Now >= end, () => end);
    }

    /// <summary>Adds what was measured to longer records.</summary>
    public void AddLatenciesTo(LatencyRecorder latency, LatencyRecorder ack)
    {
        foreach (var edge in Edges)
        {
            latency.Add(edge.Latency);
        }

        foreach (var room in Rooms)
        {
            ack.Add(room.Book.AckLatency);
        }
    }

    /// <summary>Posts from now on count for the figures, and what was counted before is forgotten.</summary>
    public void BeginMeasuring()
    {
        Rooms.ToList().ForEach(room => room.Book.BeginMeasuring());
        Edges.ToList().ForEach(edge => edge.Latency.Clear());
        Slip.Clear();
    }

    /// <summary>Posts from now on count no more.</summary>
    public void EndMeasuring() => Rooms.ToList().ForEach(room => room.Book.EndMeasuring());

    /// <summary>All leave, and are given some time for it.</summary>
    public void Leave()
    {
        _viewers.ForEach(viewer => viewer.Leave(isPolite: true));
        var end = _clock.Micros + (long)ClosePatience.TotalMicroseconds;
        var isEmpty = false;
        Run(() => isEmpty || Loop.Now >= end, () =>
        {
            isEmpty = _viewers.TrueForAll(viewer => viewer.End is not null);
            return Loop.Now + CheckEvery;
        });
    }

    /// <param name="isOver">Nothing more will come.</param>
    public Sequences Check(bool isOver)
    {
        Rooms.ToList().ForEach(room => room.ForgetJudgements());
        return _viewers.Where(viewer => isOver || viewer.IsJoined).Aggregate(_goneSequences, (sum, viewer) => sum.And(viewer.Check(isOver)));
    }

    /// <summary>How many connections ended by themselves, by how they ended.</summary>
    public IReadOnlyDictionary<string, int> Disconnects() => _viewers
        .Where(viewer => viewer.IsDisconnected)
        .Select(viewer => viewer.End ?? "")
        .Concat(_goneDisconnects)
        .CountBy(how => how, StringComparer.Ordinal)
        .ToDictionary();

    public void Dispose() => Loop.Dispose();

    private static Latency Merged(IEnumerable<LatencyRecorder> recorders)
    {
        var all = new LatencyRecorder();
        foreach (var recorder in recorders)
        {
            all.Add(recorder);
        }

        return all.Summary();
    }

    private RoomRun CreateRoom(int index)
    {
        var name = _settings.Rooms == 1 ? _settings.Room : $"{_settings.Room}-{index + 1}";
        var texts = _settings.Texts == TextKind.Corpus ? new CorpusTexts() : new PostTexts(_settings.Bytes);
        var room = new RoomRun(Loop, name, texts, isAnswered: _settings.Server == ServerKind.Danmaku);
        for (var i = 0; i < _settings.Viewers; i++)
        {
            var edge = Edges[EdgeOf(_viewers.Count)];
            var isPoster = i < _settings.Posters;
            var viewer = Create(room, _viewers.Count, isPoster, edge);
            edge.Viewers++;
            _viewers.Add(viewer);
            if (isPoster)
            {
                room.Posters.Add(viewer);
            }
        }

        return room;
    }

    private Viewer Create(RoomRun room, int index, bool isPoster, Edge edge, bool isLate = false)
    {
        // Counted per edge, so that every edge has its share of the sample.
        var latency = index / Edges.Count % _settings.SampleOneIn == 0 ? edge.Latency : null;
        return _settings switch
        {
            { Server: ServerKind.Relay } => new RelayViewer(room, latency) { Index = index, Changed = OnChanged, IsLate = isLate },
            { Server: ServerKind.SignalR } => new SignalRViewer(room, latency) { Index = index, Changed = OnChanged, IsLate = isLate },
            { Format: ViewerFormat.Plain } when !isPoster => new PlainViewer(room, latency) { Index = index, Changed = OnChanged, IsLate = isLate },
            _ => new JsonViewer(room, latency, _inflater) { Index = index, Changed = OnChanged, IsLate = isLate },
        };
    }

    private int EdgeOf(int viewer) => viewer % Edges.Count;

    private void OnChanged(Viewer viewer)
    {
        if (viewer.End is null)
        {
            Joined++;
            JoinLatency.Record(Loop.Now - viewer.DueMicros);
        }
        else if (viewer.IsJoined)
        {
            Joined--;
            if (_leaving.Contains(viewer))
            {
                Bury(viewer);
            }
        }
        else
        {
            _arrivals?.Refused(viewer);
        }
    }

    /// <summary>Somebody who only watches leaves, half of them without a word, and somebody else comes.</summary>
    private void Replace()
    {
        var index = _chance.Next(_viewers.Count);
        var old = _viewers[index];
        var room = Rooms[index / _settings.Viewers];
        if (room.Posters.Contains(old) || !(old.IsJoined || old.IsDisconnected))
        {
            return;
        }

        _viewers[index] = Create(room, index, isPoster: false, Edges[EdgeOf(index)], isLate: true);
        _viewers[index].DueMicros = Loop.Now;
        if (old.End is not null)
        {
            _goneDisconnects.Add(old.End);
            Bury(old);
        }
        else
        {
            _leaving.Add(old);
            old.Leave(isPolite: _chance.Next(2) == 0);
        }

        Connect(_viewers[index]);
    }

    /// <summary>Of a viewer that has left only figures remain.</summary>
    private void Bury(Viewer viewer)
    {
        _leaving.Remove(viewer);
        _goneDeliveries += viewer.Deliveries;
        _goneSequences = _goneSequences.And(viewer.Check(isOver: false) with { Silent = 0 });
    }

    private void Connect(Viewer viewer)
    {
        var room = Rooms[viewer.Index / _settings.Viewers];
        var target = Edges[EdgeOf(viewer.Index)].TargetFor(
            room.Name, viewer is JsonViewer ? Subprotocol : null, viewer is JsonViewer && _settings.Format == ViewerFormat.Deflate);
        try
        {
            viewer.Connect(target, Source(target, viewer.Index));
        }
        catch (SocketException unreachable)
        {
            throw new InvalidDataException($"{target.Url}: {unreachable.Message}", unreachable);
        }
    }

    private IPAddress? Source(Target target, int index) => _settings.Sources switch
    {
        { Count: > 0 } sources => sources[index % sources.Count],
        _ when IPAddress.IsLoopback(target.Endpoint.Address) => LoopbackSources.Address(target.Endpoint.Address, index),
        _ => null,
    };

    private void Post(long due)
    {
        var poster = Rooms[(int)(_posts++ % Rooms.Count)].Post(due);
        Slip.Record(Loop.Now - due);
        if (!poster.IsDirty)
        {
            poster.IsDirty = true;
            _dirty.Add(poster);
        }
    }

    private void Flush()
    {
        foreach (var poster in _dirty)
        {
            poster.Flush();
        }

        _dirty.Clear();
    }

    private void KeepAlive()
    {
        if (_settings.Server == ServerKind.SignalR && Loop.Now - _keptAlive > KeepAliveEvery)
        {
            _keptAlive = Loop.Now;
            _viewers.Where(viewer => viewer.IsJoined).ToList().ForEach(viewer => viewer.KeepAlive());
        }
    }

    /// <param name="everyTime">Done also when nothing is due.</param>
    private void Run(Func<bool> isDone, Func<long> work, Action? everyTime = null, TimeSpan rest = default)
    {
        var watched = 0L;
        Loop.Run(() =>
        {
            everyTime?.Invoke();
            if (Loop.Now - watched > CheckEvery)
            {
                watched = Loop.Now;
                KeepAlive();
                _cancellation.ThrowIfCancellationRequested();
                _watch();
            }

            return isDone();
        }, work, rest);
    }
}
