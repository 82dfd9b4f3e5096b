using System.Buffers;
using System.Net.WebSockets;
using System.Text.Unicode;
using Danmaku.Core.Limits;
using Danmaku.Core.Wire;
using Danmaku.Node.Conversations;

namespace Danmaku.Node.Sockets;

/// <summary>
/// Reads one client's messages until its Close frame and passes the good ones on. Holds no buffer while the client is silent.
/// </summary>
internal sealed class ReadLoop(ViewerSocket socket, Conversation conversation, int maxBytes, MemoryBudget memory)
{
    /// <summary>What the system's zlib keeps in the middle of a compressed message.</summary>
    private const int InflaterBytes = 48 * 1024;

    private readonly int _messageBytes = maxBytes + 1 + (socket.Inflates ? InflaterBytes : 0);

    /// <exception cref="WebSocketException">The client broke RFC 6455, or was gone without a Close frame.</exception>
    public async Task RunAsync()
    {
        while (true)
        {
            // Where a silent client is waited for, so nothing stands in between.
            var start = await socket.Library.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
            if (start.MessageType == WebSocketMessageType.Close)
            {
                break;
            }

            var buffer = ArrayPool<byte>.Shared.Rent(maxBytes + 1);
            try
            {
                if (await HoldAsync(ReadRestAsync(start, buffer)) is not { } length)
                {
                    break;
                }

                await HearAsync(start.MessageType, buffer.AsMemory(0, length));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        socket.CloseBack();
        await socket.WrittenAsync();
    }

    /// <summary>A piece of a message; null when it was the client's Close frame.</summary>
    private async ValueTask<ValueWebSocketReceiveResult?> ReadAsync(Memory<byte> buffer) =>
        await socket.Library.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } result
            ? result
            : null;

    /// <summary>The message's length, which is cut at one byte more than it may have; null when the client closed instead.</summary>
    private async ValueTask<int?> ReadRestAsync(ValueWebSocketReceiveResult result, byte[] buffer)
    {
        var length = 0;
        while (!result.EndOfMessage && length <= maxBytes)
        {
            if (await ReadAsync(buffer.AsMemory(length, maxBytes + 1 - length)) is not { } next)
            {
                return null;
            }

            result = next;
            length += next.Count;
        }

        return length;
    }

    /// <summary>A message that is not here at once keeps memory until it is. Where there is none the client is told to go, and has the time of a closing connection.</summary>
    private async ValueTask<int?> HoldAsync(ValueTask<int?> reading)
    {
        if (reading.IsCompleted)
        {
            return await reading;
        }

        if (!memory.TryTake(MemoryKind.Input, _messageBytes))
        {
            socket.Close(CloseReason.NoMemory);
            return await reading;
        }

        try
        {
            return await reading;
        }
        finally
        {
            memory.Return(MemoryKind.Input, _messageBytes);
        }
    }

    /// <summary>Passes a whole message on, if it may be.</summary>
    public ValueTask HearAsync(WebSocketMessageType type, ReadOnlyMemory<byte> message)
    {
        if (socket.IsClosing)
        {
            return ValueTask.CompletedTask;
        }

        var refusal = type == WebSocketMessageType.Binary ? CloseReason.TextOnly
            : message.Length > maxBytes ? CloseReason.TooBig
            : !Utf8.IsValid(message.Span) ? CloseReason.InvalidUtf8
            : null;
        if (refusal is null)
        {
            return conversation.HearAsync(message);
        }

        socket.Close(refusal);
        return ValueTask.CompletedTask;
    }
}
