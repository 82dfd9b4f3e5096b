namespace Danmaku.Core.Rooms;

/// <summary>How far a viewer is in its room on an edge. It is at one stage at a time.</summary>
public abstract record ViewerStage
{
    private ViewerStage()
    {
    }

    /// <summary>It waits until the room is attached, or has caught up with it.</summary>
    /// <param name="Question">Of the edge to the origin: its answer lets the viewer in at the latest.</param>
    public sealed record Waiting(long Question) : ViewerStage;

    /// <summary>It is sent what it missed.</summary>
    /// <param name="IsGreeted">Whether it has had its welcome.</param>
    public sealed record CatchingUp(bool IsGreeted) : ViewerStage;

    /// <summary>It is sent what all are sent.</summary>
    /// <param name="Place">Its index among those that are.</param>
    public sealed record Live(int Place) : ViewerStage;

    /// <summary>It has left.</summary>
    public sealed record Gone : ViewerStage;
}
