using Danmaku.Chaos.Faults;
using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Viewers;

/// <summary>The viewers of a run, who post and who misbehaves.</summary>
public sealed class ChaosCrowd
{
    private const int PostersOfRoom = 3;
    private const int ShortText = 60;
    private const int LongText = 900;

    /// <summary>One viewer in so many misbehaves now and then, whatever else happens.</summary>
    private const int RestlessOneIn = 5;

    private static readonly TimeSpan FloodEvery = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MischiefEvery = TimeSpan.FromSeconds(1.5);

    private readonly Place _place;
    private readonly HttpPoster _http;
    private readonly IReadOnlyList<RoomId> _rooms;
    private readonly double _rate;
    private readonly Random _random;
    private readonly ChaosViewer[] _posters;
    private readonly ChaosViewer[] _listeners;
    private int _turn;
    private volatile int _bytes = ShortText;

    /// <param name="rate">Posts per second, of all together; a third of them over HTTP.</param>
    public ChaosCrowd(int viewers, IReadOnlyList<RoomId> rooms, double rate, Place place, HttpPoster http, int seed)
    {
        (_place, _http, _rooms, _rate, _random) = (place, http, rooms, rate, new Random(seed));
        Viewers = [.. Enumerable.Range(0, viewers).Select(i =>
            new ChaosViewer(i, rooms[i % rooms.Count], i < rooms.Count * PostersOfRoom, place, new Random(unchecked(seed * 1_000_003 + i))))];
        _posters = [.. Viewers.Where(viewer => viewer.IsPoster)];
        _listeners = [.. Viewers.Where(viewer => !viewer.IsPoster)];
    }

    public IReadOnlyList<ChaosViewer> Viewers { get; }

    public bool IsTogether => Viewers.All(viewer => viewer.IsConnected);

    /// <summary>Whether everybody is there and has all that anybody knows of.</summary>
    public bool IsUpToDate => Viewers.All(viewer => viewer.IsConnected && viewer.Last >= _place.Ledger.Top(viewer.Room));

    /// <summary>Posts at a steady rate until it is cancelled.</summary>
    public async Task PostAsync(CancellationToken cancellation)
    {
        var start = _place.Time.GetTimestamp();
        for (var number = 0; ; number++)
        {
            await _place.Time.DelayUntil(start, TimeSpan.FromSeconds(number / _rate), cancellation);
            var room = _rooms[number % _rooms.Count];
            if (number / _rooms.Count % 3 == 2)
            {
                _http.Post(room, _bytes);
            }
            else
            {
                PostByViewer(room);
            }
        }
    }

    /// <summary>Lets some viewers misbehave now and then, until it is cancelled.</summary>
    public async Task MisbehaveAsync(CancellationToken cancellation)
    {
        ChaosViewer[] restless = [.. _listeners.Where((_, i) => i % RestlessOneIn == 0)];
        while (restless.Length > 0)
        {
            await Task.Delay(MischiefEvery, _place.Time, cancellation);
            ViewerOrder[] orders = [ViewerOrder.Move, ViewerOrder.Move, ViewerOrder.Slow, ViewerOrder.Reset, ViewerOrder.Drop, ViewerOrder.Haunt];
            restless[_random.Next(restless.Length)].Do(orders[_random.Next(orders.Length)], TimeSpan.FromSeconds(1 + 14 * _random.NextDouble()));
        }
    }

    /// <summary>A quarter of the viewers reads nothing for a while, and there is much and long text so that the nodes feel it.</summary>
    public async Task SlowAsync(Fault fault, CancellationToken cancellation)
    {
        _bytes = LongText;
        foreach (var viewer in Quarter(fault))
        {
            viewer.Do(ViewerOrder.Slow, fault.Length);
        }

        try
        {
            var start = _place.Time.GetTimestamp();
            for (var number = 0; _place.Time.GetElapsedTime(start) < fault.Length; number++)
            {
                _http.Post(_rooms[number % _rooms.Count], LongText);
                await Task.Delay(FloodEvery, _place.Time, cancellation);
            }
        }
        finally
        {
            _bytes = ShortText;
        }
    }

    /// <summary>A quarter of the viewers is gone for a while.</summary>
    public async Task VanishAsync(Fault fault, CancellationToken cancellation)
    {
        ViewerOrder[] ways = [ViewerOrder.Reset, ViewerOrder.Drop, ViewerOrder.Haunt];
        foreach (var (i, viewer) in Quarter(fault).Index())
        {
            viewer.Do(ways[i % ways.Length], fault.Length);
        }

        await Task.Delay(fault.Length, _place.Time, cancellation);
    }

    private IEnumerable<ChaosViewer> Quarter(Fault fault) => _listeners.Where((_, i) => i % 4 == fault.Pick % 4);

    private void PostByViewer(RoomId room)
    {
        for (var i = 0; i < _posters.Length; i++)
        {
            var poster = _posters[_turn++ % _posters.Length];
            if (poster.Room == room && poster.TryPost(() => Create(room)))
            {
                return;
            }
        }
    }

    private (int Number, byte[] Message) Create(RoomId room)
    {
        var number = _place.Ledger.Open(room);
        return (number, _place.Texts.PostMessage(new PostTag(number, _place.Clock.Micros), _bytes));
    }
}
