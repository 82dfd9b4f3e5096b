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
    SignIn signIn,
    PostGate gate,
    DanmakuMetrics metrics,
    TimeProvider time)
    : Conversation
{
    private readonly ViolationWindow _errors = new(options.MaxErrors, TimeSpan.FromSeconds(60), time);
    private IViewer? _viewer;

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
            case ClientMessage.Refresh refresh:
                return RefreshAsync(refresh);
            case ClientMessage.Post post:
                Post(_viewer, post);
                break;
            case ClientMessage.Recall recall:
                Send(_viewer, recall.Id, recall.Again, gate.PassRecall(recall.Id, recall.Order, recall.Again));
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

    public override void Tick()
    {
        if (signIn.Tick())
        {
            socket.Close(CloseReason.TokenExpired);
        }
    }

    public override void End() => _viewer?.Leave();

    private async ValueTask JoinAsync(ClientMessage.Join join)
    {
        socket.Met();
        if (await signIn.EnterAsync(join.Token, join.Identity, join.Name) is not { } request)
        {
            return;
        }

        gate.Poster = signIn.Identity;
        request = request with { Last = join.Position, History = join.History, Rate = gate.Rate, Source = source };
        _viewer = await rooms.JoinAsync(request, socket, CancellationToken.None);
    }

    private async ValueTask RefreshAsync(ClientMessage.Refresh refresh)
    {
        if (await signIn.RefreshAsync(refresh.Token) is { } why)
        {
            Complain(new ClientMessage.Bad("token_refused", why));
        }

        gate.Poster = signIn.Identity;
    }

    private void Post(IViewer viewer, ClientMessage.Post said)
    {
        if (!signIn.Identity.MayPost)
        {
            metrics.Refused(RejectReason.Forbidden);
            socket.Answer(format.Reject(said.Id, RejectReason.Forbidden, null, message: SignIn.Prompt));
            return;
        }

        Send(viewer, said.Id, said.Again, gate.Pass(said.Id, signIn.Name, said.Text, said.Style, said.At, said.Again));
    }

    private void Send(IViewer viewer, PostId id, bool again, (Post? Post, RejectReason Reason, TimeSpan? RetryAfter) passed)
    {
        if (passed.Post is { } post)
        {
            viewer.Post(post);
        }
        else if (again && passed.Reason == RejectReason.RateLimited)
        {
            // It may have been posted when it was sent first: no refusal.
            socket.Answer(format.Unknown(id));
        }
        else
        {
            socket.Answer(format.Reject(id, passed.Reason, passed.RetryAfter));
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
