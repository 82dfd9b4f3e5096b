namespace Danmaku.Actors.Posts;

/// <summary>
/// What is bound for one other node: the first at once, and what comes during the <see cref="Pause"/> after that together, when the pause is
/// over or a message is full.
/// </summary>
/// <remarks>Not thread-safe; it has one owner, which waits for the pauses.</remarks>
/// <param name="send">Gets what has come, in order; never nothing.</param>
/// <param name="bytes">About what one takes in a message.</param>
internal sealed class Bundle<T>(Action<IReadOnlyList<T>> send, Func<T, int> bytes)
{
    /// <summary>Most in one message.</summary>
    public const int MaxItems = 256;

    /// <summary>A message with as much is full.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>How long one may wait for others, where there were others just before.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private List<T> _items = [];
    private int _bytes;
    private bool _isPausing;

    /// <returns>Whether a pause begins with this, at whose end <see cref="EndPause"/> is to be called.</returns>
    public bool Add(T item)
    {
        _items.Add(item);
        _bytes += bytes(item);
        if (_isPausing && _items.Count < MaxItems && _bytes < MaxBytes)
        {
            return false;
        }

        Send();
        (var begins, _isPausing) = (!_isPausing, true);
        return begins;
    }

    /// <returns>Whether something was sent and another pause begins.</returns>
    public bool EndPause()
    {
        _isPausing = _items.Count > 0;
        if (_isPausing)
        {
            Send();
        }

        return _isPausing;
    }

    private void Send()
    {
        var items = _items;
        (_items, _bytes) = ([], 0);
        send(items);
    }
}
