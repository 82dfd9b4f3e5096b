using System.Text;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Options;
using Danmaku.Node.Sockets;

namespace Danmaku.Node.Conversations;

/// <summary>One text message is one danmaku, both ways (docs/protocol.md §3).</summary>
internal sealed class PlainConversation(
    ViewerSocket socket,
    RoomId room,
    WireFormat format,
    Position? top,
    int source,
    ConnectionOptions options,
    IRooms rooms,
    IAdmission admission,
    PostGate gate,
    TimeProvider time)
    : Conversation
{
    private readonly Strikes _refusals = new(options.PlainRefusals, TimeSpan.FromSeconds(60), time);
    private IViewer? _viewer;
    private string _name = "";

    public override async ValueTask BeginAsync()
    {
        if (admission.Admit(new AdmissionRequest(room, null, null)) is not AdmissionResult.Admitted admitted)
        {
            socket.Close(CloseReason.NotAdmitted);
            return;
        }

        _name = admitted.Name;
        _viewer = await rooms.JoinAsync(new JoinRequest(room, _name, format, top, 0) { Rate = gate.Rate, Source = source }, socket, CancellationToken.None);
    }

    public override ValueTask HearAsync(ReadOnlyMemory<byte> message)
    {
        if (message.Length > 0 && _viewer is { } viewer)
        {
            Post(viewer, Encoding.UTF8.GetString(message.Span));
        }

        return ValueTask.CompletedTask;
    }

    public override void End() => _viewer?.Leave();

    private void Post(IViewer viewer, string text)
    {
        var (post, reason, _) = gate.Pass(PostIds.New(), _name, text, CommentStyle.Default, null);
        if (post is not null)
        {
            viewer.Post(post);
        }
        else if (_refusals.Strike())
        {
            socket.Close(CloseReason.TooManyRefusals(reason));
        }
    }
}
