namespace Danmaku.Core.Rooms;

/// <summary>
/// Who has posted how much in a room within about the last minute, and who is to wait first where the room is full: whoever has had more than
/// half of what each would have if all who post had the same.
/// </summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="perSecond">What the room takes.</param>
public sealed class PostShares(double perSecond, TimeProvider time)
{
    /// <summary>Most sources that are counted in half a minute; those who come then have posted nothing, as far as is known here.</summary>
    public const int MaxSources = 8192;

    /// <summary>It is counted by halves: what is known is the running one and the one before.</summary>
    private static readonly TimeSpan Half = TimeSpan.FromSeconds(30);

    private Dictionary<int, int> _now = [];
    private Dictionary<int, int> _before = [];
    private int _sources;
    private long _begunAt = time.GetTimestamp();

    /// <summary>Whether it has had its share.</summary>
    public bool HasHadItsShare(int source)
    {
        Turn();
        var posts = _now.GetValueOrDefault(source) + _before.GetValueOrDefault(source);
        var isNew = posts == 0;
        var share = perSecond * 2 * Half.TotalSeconds / (2 * (_sources + (isNew ? 1 : 0)));
        return posts >= Math.Max(1, share);
    }

    /// <summary>It has posted.</summary>
    public void Count(int source)
    {
        Turn();
        if (_now.TryGetValue(source, out var posts))
        {
            _now[source] = posts + 1;
        }
        else if (_now.Count < MaxSources)
        {
            _now.Add(source, 1);
            _sources += _before.ContainsKey(source) ? 0 : 1;
        }
    }

    private void Turn()
    {
        var halves = time.GetElapsedTime(_begunAt) / Half;
        if (halves < 1)
        {
            return;
        }

        (_before, _now) = (halves < 2 ? _now : [], []);
        _sources = _before.Count;
        _begunAt = time.GetTimestamp();
    }
}
