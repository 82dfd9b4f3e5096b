using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Endpoints;
using Danmaku.Node.Options;
using Danmaku.Node.Sockets;

namespace Danmaku.Node.Conversations;

/// <summary>The full protocol (docs/protocol.md §4).</summary>
internal sealed class JsonConversation(
    ViewerSocket socket,
    RoomId room,
    WireFormat format,
    int source,
    ConnectionOptions options,
    IRooms rooms,
    IAdmission admission,
    PostGate gate,
    DanmakuMetrics metrics,
    TimeProvider time)
    : Conversation
{
    private readonly ViolationWindow _errors = new(options.MaxErrors, TimeSpan.FromSeconds(60), time);
    private IViewer? _viewer;
    private string _name = "";

    public override ValueTask BeginAsync()
    {
        socket.Expect(options.JoinTimeout, CloseReason.JoinExpected);
        return ValueTask.CompletedTask;
    }

    public override ValueTask HearAsync(ReadOnlyMemory<byte> message)
    {
        switch (ClientMessage.Read(message.Span))
        {
            case ClientMessage.Malformed:
                socket.Close(CloseReason.Malformed);
                break;
            case ClientMessage.Join join when _viewer is null:
                return JoinAsync(join);
            case ClientMessage.Bad { IsJoin: true } bad when _viewer is null:
                socket.Close(CloseReason.BadJoin(bad.Message));
                break;
            case ClientMessage.Join:
            case var _ when _viewer is null:
                socket.Close(CloseReason.JoinFirst);
                break;
            case ClientMessage.Post post:
                Post(_viewer, post);
                break;
            case ClientMessage.BadPost post:
                metrics.Refused(post.Reason);
                socket.Answer(format.Reject(post.Id, post.Reason, null, post.Field));
                break;
            case ClientMessage.Clock clock:
                socket.Answer(format.Clock(clock.Client, time.GetUtcNow().ToUnixTimeMilliseconds()));
                break;
            case ClientMessage.Bad bad:
                Complain(bad);
                break;
        }

        return ValueTask.CompletedTask;
    }

    public override Frame? Move(Uri? edge) => format.Move(edge is null ? null : Routes.RoomAt(edge, room));

    public override void End() => _viewer?.Leave();

    private async ValueTask JoinAsync(ClientMessage.Join join)
    {
        socket.Met();
        if (admission.Admit(new AdmissionRequest(room, join.Name, join.Token)) is not AdmissionResult.Admitted admitted)
        {
            socket.Close(CloseReason.NotAdmitted);
            return;
        }

        _name = admitted.Name;
        var request = new JoinRequest(room, _name, format, join.Position, join.History) { Rate = gate.Rate, Source = source };
        _viewer = await rooms.JoinAsync(request, socket, CancellationToken.None);
    }

    private void Post(IViewer viewer, ClientMessage.Post said)
    {
        var (post, reason, retryAfter) = gate.Pass(said.Id, _name, said.Text, said.Style, said.At, said.Again);
        if (post is not null)
        {
            viewer.Post(post);
        }
        else if (said.Again && reason == RejectReason.RateLimited)
        {
            // It may have been posted when it was sent first: no refusal.
            socket.Answer(format.Unknown(said.Id));
        }
        else
        {
            socket.Answer(format.Reject(said.Id, reason, retryAfter));
        }
    }

    private void Complain(ClientMessage.Bad bad)
    {
        socket.Answer(format.Error(bad.Reason, bad.Message));
        if (_errors.Strike())
        {
            socket.Close(CloseReason.Malformed);
        }
    }
}
