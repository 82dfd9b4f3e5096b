using Danmaku.Core.Limits;

namespace Danmaku.Actors.Posts;

/// <summary>
/// Batches items for one other node. While there are few, each is sent at once. When there are many, there is a pause before each message, and the items that
/// arrive during the pause share it. A full message does not wait.
/// </summary>
/// <remarks>Not thread-safe. It has one owner, which times the pauses.</remarks>
/// <param name="send">Sends one message of items, in order; at least one.</param>
/// <param name="bytes">About how many bytes an item takes in a message.</param>
internal sealed class AdaptiveBatcher<T>(Action<IReadOnlyList<T>> send, Func<T, int> bytes, TimeProvider time)
{
    /// <summary>Most items in one message.</summary>
    public const int MaxItems = 256;

    /// <summary>A message with so many bytes is full.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>Above this rate of messages per second there are pauses; none is longer than one period of it.</summary>
    public const double PerSecond = 200;

    /// <summary>How many messages may go at once after a quiet time.</summary>
    public const int Burst = 8;

    private readonly TokenBucket _pace = new(PerSecond, Burst, time);
    private List<T> _items = [];
    private int _bytes;
    private bool _isPausing;

    /// <returns>The length of the pause that begins now; call <see cref="EndPause"/> at its end. Null when none begins.</returns>
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

    /// <returns>The same as <see cref="Add"/>.</returns>
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
