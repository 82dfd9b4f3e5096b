namespace Danmaku.Core.Limits;

/// <summary>Something for each client, made when it first comes. Beyond a bound those are forgotten who have not come for the longest.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="max">Most that are kept. At least half as many are never forgotten.</param>
public sealed class ClientTable<T>(int max, Func<T> make)
{
    // Two generations: when the young one is full it is the old one, and the old one is forgotten. Nobody looks for the oldest.
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
