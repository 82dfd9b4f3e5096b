namespace Danmaku.Chaos.Checks;

/// <summary>The longest time that any of several sources was silent, one stretch of the run after the other. Thread-safe.</summary>
/// <typeparam name="T">What is watched: a room, in which acknowledgements come; a viewer, to which danmaku come.</typeparam>
public sealed class OutageMeter<T>(TimeProvider time)
    where T : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<T, long> _last = [];
    private TimeSpan _longest;

    /// <summary>Something came. The first time begins the watch of this source.</summary>
    public void Heard(T source)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (_last.TryGetValue(source, out var last))
            {
                Silent(last, now);
            }

            _last[source] = now;
        }
    }

    /// <summary>Nothing is expected from it until it is heard again; that it was silent until now counts.</summary>
    public void Pause(T source)
    {
        lock (_lock)
        {
            if (_last.Remove(source, out var last))
            {
                Silent(last, time.GetTimestamp());
            }
        }
    }

    /// <summary>The longest silence that ended since the last call, or still goes on; begins the next stretch.</summary>
    public TimeSpan Take()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            foreach (var last in _last.Values)
            {
                Silent(last, now);
            }

            var longest = _longest;
            _longest = TimeSpan.Zero;
            return longest;
        }
    }

    private void Silent(long from, long to)
    {
        var silence = time.GetElapsedTime(from, to);
        _longest = silence > _longest ? silence : _longest;
    }
}
