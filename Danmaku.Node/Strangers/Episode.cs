namespace Danmaku.Node.Strangers;

/// <summary>A problem that may come and go many times a second. It is reported twice: when it begins, and when it has been over for a while.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class Episode : IDisposable
{
    /// <summary>It is over after this time without the problem.</summary>
    public static readonly TimeSpan Calm = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Action _over;
    private readonly ITimer _timer;
    private long _last;
    private bool _lasts;

    public Episode(TimeProvider time, Action over)
    {
        (_time, _over) = (time, over);
        _timer = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Reports that the problem exists now.</summary>
    /// <returns>Whether it has just begun.</returns>
    public bool Report()
    {
        lock (_gate)
        {
            _last = _time.GetTimestamp();
            if (_lasts)
            {
                return false;
            }

            _lasts = true;
            _timer.Change(Calm, Timeout.InfiniteTimeSpan);
            return true;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        lock (_gate)
        {
            var left = Calm - _time.GetElapsedTime(_last);
            if (left > TimeSpan.Zero)
            {
                _timer.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }

            _lasts = false;
        }

        _over();
    }
}
