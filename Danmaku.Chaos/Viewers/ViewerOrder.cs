namespace Danmaku.Chaos.Viewers;

/// <summary>What a viewer does that is not a good one.</summary>
public enum ViewerOrder
{
    /// <summary>Leaves politely and joins another edge at once.</summary>
    Move,

    /// <summary>Does not read for a while.</summary>
    Slow,

    /// <summary>Ends with a TCP reset and comes back later.</summary>
    Reset,

    /// <summary>Ends without a Close frame and comes back later.</summary>
    Drop,

    /// <summary>Keeps its connection and reads nothing any more, and comes back later over another one.</summary>
    Haunt,
}
