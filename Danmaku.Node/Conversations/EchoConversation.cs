using System.Text;
using Danmaku.Core.Wire;
using Danmaku.Node.Sockets;

namespace Danmaku.Node.Conversations;

/// <summary><c>/echo</c>: every text message comes back.</summary>
internal sealed class EchoConversation(ViewerSocket socket) : Conversation
{
    public override ValueTask HearAsync(ReadOnlyMemory<byte> message)
    {
        socket.Answer(Frame.Text(Encoding.UTF8.GetBytes("I got your message: " + Encoding.UTF8.GetString(message.Span))));
        return ValueTask.CompletedTask;
    }
}
