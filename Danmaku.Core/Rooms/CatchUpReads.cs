namespace Danmaku.Core.Rooms;

/// <summary>
/// Reads history from the origin for viewers who resume from positions older than this edge's history: a few pages at a time, and each page once for
/// all who wait for it.
/// </summary>
/// <remarks>Not thread-safe; it has one owner. Each viewer waits for one page at a time.</remarks>
public sealed class CatchUpReads<TViewer>(TimeProvider time)
    where TViewer : notnull
{
    /// <summary>Most pages under way; more wait.</summary>
    public const int MaxAsked = 4;

    /// <summary>A page that has not come after this time is asked for again.</summary>
    public static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(2);

    private readonly Dictionary<Position, List<TViewer>> _waiting = [];
    private readonly Dictionary<Position, long> _asked = [];
    private readonly Dictionary<TViewer, Position> _viewers = [];

    /// <summary>Pages to ask for; nobody may wait for some of them any more.</summary>
    private Queue<Position> _next = new();

    public void Wait(TViewer viewer, Position after)
    {
        if (!_waiting.TryGetValue(after, out var viewers))
        {
            _waiting.Add(after, viewers = []);
            _next.Enqueue(after);
        }

        viewers.Add(viewer);
        _viewers[viewer] = after;
    }

    /// <summary>Forgets a viewer that has left.</summary>
    public void Forget(TViewer viewer)
    {
        if (!_viewers.Remove(viewer, out var after) || !_waiting.TryGetValue(after, out var viewers) || !viewers.Remove(viewer) || viewers.Count > 0)
        {
            return;
        }

        _waiting.Remove(after);
        _asked.Remove(after);
        if (_next.Count > MaxAsked + (2 * _waiting.Count))
        {
            _next = new Queue<Position>(_next.Where(_waiting.ContainsKey));
        }
    }

    /// <summary>Takes the pages to ask for now, by the position before each.</summary>
    public IReadOnlyList<Position> Due()
    {
        var now = time.GetTimestamp();
        var due = _asked.Where(asked => time.GetElapsedTime(asked.Value, now) >= AskAgainAfter).Select(asked => asked.Key).ToList();
        while (_asked.Count < MaxAsked && _next.TryDequeue(out var after))
        {
            if (_waiting.ContainsKey(after) && _asked.TryAdd(after, now))
            {
                due.Add(after);
            }
        }

        due.ForEach(after => _asked[after] = now);
        return due;
    }

    /// <summary>Takes the viewers who wait for a page that has come.</summary>
    public IReadOnlyList<TViewer> Take(Position after)
    {
        _asked.Remove(after);
        if (!_waiting.Remove(after, out var viewers))
        {
            return [];
        }

        viewers.ForEach(viewer => _viewers.Remove(viewer));
        return viewers;
    }
}
