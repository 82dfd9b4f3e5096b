namespace Danmaku.Core.Rooms;

/// <summary>A viewer in its room on an edge.</summary>
/// <remarks>The room is its one owner.</remarks>
public class RoomMember(JoinRequest request, Viewer viewer)
{
    public JoinRequest Request => request;

    public Viewer Viewer => viewer;

    public ViewerStage Stage
    {
        get;
        set
        {
            field = value;
            viewer.IsLive = value is ViewerStage.Live;
        }
    } = new ViewerStage.CatchingUp(IsGreeted: false);
}
