namespace Danmaku.Core.Rooms;

/// <summary>How many people are in a room, as one edge knows it, and which number its viewers have been told last.</summary>
/// <remarks>Not thread-safe; it has one owner. "Here" are those on this edge.</remarks>
public sealed class ViewerCount
{
    private long _everywhere;
    private long _told;

    /// <summary>The origin says how many there are on all edges.</summary>
    public void Learn(long everywhere) => _everywhere = everywhere;

    /// <summary>The origin's sum, which does not know yet who has just come here.</summary>
    public long Total(int here) => Math.Max(_everywhere, here);

    /// <summary>The number to tell viewers now; null when they know it.</summary>
    public long? News(int here)
    {
        if (Total(here) is var total && total == _told)
        {
            return null;
        }

        _told = total;
        return total;
    }
}
