namespace Danmaku.Bench.Measure;

/// <summary>The order in which the viewers of a room that are told no positions got its posts, as the first of them saw it.</summary>
/// <remarks>
/// Not thread-safe. All viewers should see the same order, so it is kept once, and each viewer compares: that costs less than a
/// list for each, and whether the order is right needs to be found out once.
/// </remarks>
public sealed class SeenOrder
{
    private readonly List<int> _numbers = [];
    private readonly List<int> _places = [];

    public int Count => _numbers.Count;

    /// <summary>The post at this place.</summary>
    public int this[int place] => _numbers[place];

    /// <summary>Where a post is; it is put at the end if it is new.</summary>
    public int PlaceOf(int number)
    {
        _ = TryAppend(number);
        return _places[number];
    }

    /// <summary>Whether this post comes at this place, which may be the end.</summary>
    public bool Follows(int place, int number) => place < Count ? _numbers[place] == number : place == Count && TryAppend(number);

    private bool TryAppend(int number)
    {
        while (_places.Count <= number)
        {
            _places.Add(-1);
        }

        if (_places[number] >= 0)
        {
            return false;
        }

        _places[number] = Count;
        _numbers.Add(number);
        return true;
    }
}
