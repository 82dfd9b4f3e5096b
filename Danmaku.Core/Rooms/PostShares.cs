namespace Danmaku.Core.Rooms;

/// <summary>
/// Counts how much each client has posted in a room within about the last minute. In a full room clients that have posted much wait first: those with more than
/// half of an equal share.
/// </summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="perSecond">The rate that the room accepts.</param>
public sealed class PostShares(double perSecond, TimeProvider time)
{
    /// <summary>Most clients counted in half a minute; more clients count as having posted nothing.</summary>
    public const int MaxSources = 8192;

    /// <summary>Posts are counted per half minute: the current one and the previous one.</summary>
    private static readonly TimeSpan Half = TimeSpan.FromSeconds(30);

    private Dictionary<int, int> _now = [];
    private Dictionary<int, int> _before = [];
    private int _sources;
    private long _begunAt = time.GetTimestamp();

    /// <summary>Whether a client has posted much.</summary>
    public bool HasHadItsShare(int source)
    {
        Turn();
        var posts = _now.GetValueOrDefault(source) + _before.GetValueOrDefault(source);
        var isNew = posts == 0;
        var share = perSecond * 2 * Half.TotalSeconds / (2 * (_sources + (isNew ? 1 : 0)));
        return posts >= Math.Max(1, share);
    }

    /// <summary>Counts a post.</summary>
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
