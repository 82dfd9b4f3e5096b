namespace Danmaku.Node.Conversations;

/// <summary>Counts what may happen a few times within a while.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="limit">The strike within <paramref name="window"/> that is too much; 0 for never.</param>
internal sealed class Strikes(int limit, TimeSpan window, TimeProvider time)
{
    private Queue<long>? _times;

    /// <summary>Counts one more.</summary>
    /// <returns>Whether it was one too many.</returns>
    public bool Strike()
    {
        if (limit == 0)
        {
            return false;
        }

        _times ??= new Queue<long>();
        while (_times.TryPeek(out var oldest) && time.GetElapsedTime(oldest) > window)
        {
            _times.Dequeue();
        }

        _times.Enqueue(time.GetTimestamp());
        return _times.Count >= limit;
    }
}
