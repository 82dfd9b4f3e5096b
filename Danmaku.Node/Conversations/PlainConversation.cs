using System.Text;
using Danmaku.Core.Limits;
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
    private readonly ViolationWindow _refusals = new(options.PlainRefusals, TimeSpan.FromSeconds(60), time);
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
        var join = new JoinRequest(room, _name, format, top, 0) { Rate = gate.Rate, Refusals = _refusals, Source = source };
        _viewer = await rooms.JoinAsync(join, socket, CancellationToken.None);
    }

    public override ValueTask HearAsync(ReadOnlyMemory<byte> message) =>
        _viewer is { } viewer ? PostAsync(viewer, Encoding.UTF8.GetString(message.Span)) : ValueTask.CompletedTask;

    public override Task FinishAsync(CloseReason reason) => _viewer?.CloseAsync(reason) ?? Task.CompletedTask;

    public override void End() => _viewer?.Leave();

    /// <summary>Nothing else is read until it completes: a client that is too fast waits.</summary>
    private async ValueTask PostAsync(IViewer viewer, string text)
    {
        var (post, reason) = await gate.PassInTurnAsync(PostIds.New(), _name, text);
        socket.Heard();
        if (post is not null && !socket.IsClosing)
        {
            viewer.Post(post);
        }
        else if (post is null && reason != RejectReason.TextEmpty && _refusals.Strike())
        {
            var why = CloseReason.NotPosted(reason, reason == RejectReason.TextTooLong ? $"At most {gate.MaxTextChars} characters." : null);
            await viewer.CloseAsync(why);
            socket.Close(why);
        }
    }
}
