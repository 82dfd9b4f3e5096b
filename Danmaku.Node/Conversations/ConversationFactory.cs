using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Options;
using Danmaku.Node.Sockets;

namespace Danmaku.Node.Conversations;

/// <summary>Creates the conversation for a format.</summary>
internal sealed class ConversationFactory(
    NodeSettings settings, IRooms rooms, IAdmission admission, DanmakuMetrics metrics, TimeProvider time)
{
    private readonly ViewerLimits _limits = settings.Connection.ToLimits();
    private readonly RoomLimits _rooms = settings.Room.ToLimits(settings.Store);

    /// <param name="top">The room's head before the handshake was answered, if it was opened.</param>
    /// <param name="source">As <see cref="JoinRequest.Source"/>.</param>
    /// <param name="client">The rate of posts of all connections of its client together; null for no limit.</param>
    /// <param name="caller">Who opens the connection, as far as its handshake tells.</param>
    public Conversation Create(ViewerSocket socket, RoomId room, WireFormat format, Position? top, int source, PostRate? client, Caller caller)
    {
        var signIn = new SignIn(socket, room, format, caller, settings.Auth.ExpiryNotice, admission, time);
        var maxTextChars = format.HasJoin ? _rooms.MaxTextChars : _rooms.MaxPlainTextChars;
        var gate = new PostGate(maxTextChars, _limits, client, metrics, time);
        return format.HasJoin
            ? new JsonConversation(socket, room, format, source, settings.Connection, rooms, signIn, gate, metrics, time)
            : new PlainConversation(socket, top, source, settings.Connection, rooms, signIn, gate, metrics, time);
    }
}
