namespace Danmaku.Core.Limits;

/// <summary>Counts violations within a period; a few are allowed. Thread-safe.</summary>
/// <param name="limit">How many violations within <paramref name="window"/> are too many; 0 = any number is allowed.</param>
public sealed class ViolationWindow(int limit, TimeSpan window, TimeProvider time)
{
    private readonly Lock _gate = new();
    private Queue<long>? _times;

    /// <summary>Counts one more violation.</summary>
    /// <returns>Whether that was one too many.</returns>
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
