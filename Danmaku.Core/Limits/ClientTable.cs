namespace Danmaku.Core.Limits;

/// <summary>
/// Keeps one value for each client, created when the client first comes. Beyond a bound it forgets the clients that have not come for the longest.
/// </summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="max">Most clients that are kept. The newest half of them are never forgotten.</param>
public sealed class ClientTable<T>(int max, Func<T> make)
{
    // Two generations: when the young one is full it replaces the old one. So nothing searches for the oldest client.
    private Dictionary<ClientNetwork, T> _young = [];
    private Dictionary<ClientNetwork, T> _old = [];

    public int Count => _young.Count + _old.Count;

    public T Get(ClientNetwork client)
    {
        if (_young.TryGetValue(client, out var known))
        {
            return known;
        }

        if (!_old.Remove(client, out known))
        {
            known = make();
        }

        if (_young.Count >= max / 2)
        {
            (_young, _old) = (new Dictionary<ClientNetwork, T>(), _young);
        }

        _young.Add(client, known);
        return known;
    }
}
