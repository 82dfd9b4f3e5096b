namespace Danmaku.Testing;

/// <summary>A clock that only a test moves. Timers fire on the caller's thread, in order, while it is advanced.</summary>
/// <remarks>
/// Thread-safe. The wall clock can be set back without touching timestamps and timers, as a real one can. FakeTimeProvider of
/// Microsoft.Extensions.TimeProvider.Testing cannot do that: its timestamps go with its wall clock. It also fires all timers at the end of an advance.
/// </remarks>
public sealed class ManualTimeProvider : TimeProvider
{
    /// <summary>Where a new clock stands.</summary>
    public static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000);

    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _elapsed;
    private TimeSpan _shift;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Unix milliseconds by the wall clock.</summary>
    public long Now => GetUtcNow().ToUnixTimeMilliseconds();

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return Start + _elapsed + _shift;
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _elapsed.Ticks;
        }
    }

    /// <summary>Lets time pass, and everything happen that was due in it.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var end = TimeSpan.FromTicks(GetTimestamp()) + by;
        while (TakeDue(end) is { } due)
        {
            due.Fire();
        }
    }

    /// <summary>Sets the wall clock forwards or, as a time server may do, backwards; no time passes.</summary>
    public void Shift(TimeSpan by)
    {
        lock (_lock)
        {
            _shift += by;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>The next timer that is due until <paramref name="end"/>, at whose moment the clock then stands.</summary>
    private ManualTimer? TakeDue(TimeSpan end)
    {
        lock (_lock)
        {
            var next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
            if (next is null)
            {
                _elapsed = end > _elapsed ? end : _elapsed;
                return null;
            }

            _elapsed = next.Due > _elapsed ? next.Due : _elapsed;
            next.Due += next.Period;
            if (next.Period <= TimeSpan.Zero)
            {
                _timers.Remove(next);
            }

            return next;
        }
    }

    private sealed class ManualTimer(ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private bool _isDisposed;

        public TimeSpan Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                if (_isDisposed)
                {
                    return false;
                }

                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    (Due, Period) = (clock._elapsed + dueTime, period);
                    clock._timers.Add(this);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._lock)
            {
                _isDisposed = true;
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
