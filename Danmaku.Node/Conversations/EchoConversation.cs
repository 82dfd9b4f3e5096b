using System.Text;
using Danmaku.Core.Wire;
using Danmaku.Node.Sockets;

namespace Danmaku.Node.Conversations;

/// <summary><c>/echo</c>: every text message comes back.</summary>
/// <param name="deflates">Whether to compress every answer that becomes shorter by it, so that people who look at frames see some.</param>
internal sealed class EchoConversation(ViewerSocket socket, bool deflates) : Conversation
{
    public override ValueTask HearAsync(ReadOnlyMemory<byte> message)
    {
        var answer = Frame.Text(Encoding.UTF8.GetBytes("I got your message: " + Encoding.UTF8.GetString(message.Span)));
        socket.Answer(deflates ? answer.Deflated(minBytes: 0) : answer);
        return ValueTask.CompletedTask;
    }
}
