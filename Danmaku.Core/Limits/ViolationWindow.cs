namespace Danmaku.Core.Limits;

/// <summary>Counts what may happen a few times within a while. Thread-safe.</summary>
/// <param name="limit">The strike within <paramref name="window"/> that is too much; 0 for never.</param>
public sealed class ViolationWindow(int limit, TimeSpan window, TimeProvider time)
{
    private readonly Lock _gate = new();
    private Queue<long>? _times;

    /// <summary>Counts one more.</summary>
    /// <returns>Whether it was one too many.</returns>
    public bool Strike()
    {
        if (limit == 0)
        {
            return false;
        }

        lock (_gate)
        {
            _times ??= new Queue<long>();
            while (_times.TryPeek(out var oldest) && time.GetElapsedTime(oldest) > window)
            {
                _times.Dequeue();
            }

            _times.Enqueue(time.GetTimestamp());
            return _times.Count >= limit;
        }
    }
}
