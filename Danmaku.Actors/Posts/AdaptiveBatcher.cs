using Danmaku.Core.Limits;

namespace Danmaku.Actors.Posts;

/// <summary>
/// What is bound for one other node: each at once while there is little, and many together when much comes. Then there is a pause before each message, and
/// what comes in it goes too; one that is full does not wait.
/// </summary>
/// <remarks>Not thread-safe; it has one owner, which waits for the pauses.</remarks>
/// <param name="send">Gets what has come, in order; never nothing.</param>
/// <param name="bytes">About what one takes in a message.</param>
internal sealed class AdaptiveBatcher<T>(Action<IReadOnlyList<T>> send, Func<T, int> bytes, TimeProvider time)
{
    /// <summary>Most in one message.</summary>
    public const int MaxItems = 256;

    /// <summary>A message with as much is full.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>Messages a second beyond which there are pauses: none is longer than the time between two of these.</summary>
    public const double PerSecond = 200;

    /// <summary>Messages that may go at once after a quiet while.</summary>
    public const int Burst = 8;

    private readonly TokenBucket _pace = new(PerSecond, Burst, time);
    private List<T> _items = [];
    private int _bytes;
    private bool _isPausing;

    /// <returns>How long a pause is that begins with this, at whose end <see cref="EndPause"/> is to be called; null when none begins.</returns>
    public TimeSpan? Add(T item)
    {
        _items.Add(item);
        _bytes += bytes(item);
        if (!_isPausing)
        {
            return SendOrPause();
        }

        if (_items.Count >= MaxItems || _bytes >= MaxBytes)
        {
            Send();
        }

        return null;
    }

    /// <returns>As of <see cref="Add"/>.</returns>
    public TimeSpan? EndPause()
    {
        _isPausing = false;
        return _items.Count > 0 ? SendOrPause() : null;
    }

    private TimeSpan? SendOrPause()
    {
        if (_pace.TryTake() is { } pause)
        {
            _isPausing = true;
            return pause;
        }

        Send();
        return null;
    }

    private void Send()
    {
        var items = _items;
        (_items, _bytes) = ([], 0);
        send(items);
    }
}
