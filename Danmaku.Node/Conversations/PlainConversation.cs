using System.Text;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Options;
using Danmaku.Node.Sockets;

namespace Danmaku.Node.Conversations;

/// <summary>One text message is one danmaku, both ways (docs/protocol.md §3).</summary>
internal sealed class PlainConversation(
    ViewerSocket socket,
    Position? top,
    int source,
    ConnectionOptions options,
    IRooms rooms,
    SignIn signIn,
    PostGate gate,
    DanmakuMetrics metrics,
    TimeProvider time)
    : Conversation
{
    private readonly ViolationWindow _refusals = new(options.PlainRefusals, TimeSpan.FromSeconds(60), time);
    private IViewer? _viewer;

    public override async ValueTask BeginAsync()
    {
        if (await signIn.EnterAsync(token: null, kept: null, name: null) is { } request)
        {
            gate.Poster = signIn.Identity;
            request = request with { Last = top, Rate = gate.Rate, Refusals = _refusals, Source = source };
            _viewer = await rooms.JoinAsync(request, socket, CancellationToken.None);
        }
    }

    public override ValueTask HearAsync(ReadOnlyMemory<byte> message) =>
        _viewer is { } viewer ? PostAsync(viewer, Encoding.UTF8.GetString(message.Span)) : ValueTask.CompletedTask;

    public override Task FinishAsync(CloseReason reason) => _viewer?.CloseAsync(reason) ?? Task.CompletedTask;

    public override void Tick()
    {
        if (signIn.Tick() && !socket.IsClosing)
        {
            _ = CloseAsync(CloseReason.TokenExpired);
        }
    }

    public override void End() => _viewer?.Leave();

    /// <summary>After what it has said has come back to it.</summary>
    private async Task CloseAsync(CloseReason reason)
    {
        await FinishAsync(reason);
        socket.Close(reason);
    }

    /// <summary>Nothing else is read until it completes: a client that is too fast waits.</summary>
    private async ValueTask PostAsync(IViewer viewer, string text)
    {
        var (post, reason) = await gate.PassInTurnAsync(PostIds.New(), signIn.Name, text);
        socket.Heard();
        if (post is not null && !signIn.Identity.MayPost)
        {
            (post, reason) = (null, RejectReason.Forbidden);
            metrics.Refused(reason);
        }

        if (post is not null && !socket.IsClosing)
        {
            viewer.Post(post);
        }
        else if (post is null && reason != RejectReason.TextEmpty && _refusals.Strike())
        {
            var why = CloseReason.NotPosted(reason, reason switch
            {
                RejectReason.TextTooLong => $"At most {gate.MaxTextChars} characters.",
                RejectReason.Forbidden => SignIn.Prompt,
                _ => null,
            });
            await viewer.CloseAsync(why);
            socket.Close(why);
        }
    }
}
