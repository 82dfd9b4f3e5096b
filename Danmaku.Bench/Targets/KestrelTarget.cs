using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Danmaku.Bench.Targets;

/// <summary>A server on plain Kestrel WebSockets, as one writes it first: each connection has a queue and a task that writes.</summary>
public static class KestrelTarget
{
    /// <summary>A member that is so far behind is disconnected.</summary>
    private const int MaxQueued = 65_536;

    private const int MaxMessageBytes = 4096;

    private static readonly ConcurrentDictionary<string, ConcurrentDictionary<Channel<byte[]>, bool>> Rooms = new();

    public static WebApplication Create(WebApplicationBuilder builder)
    {
        var app = builder.Build();
        app.UseWebSockets();
        app.MapGet("/ws/{room}", async (HttpContext context, string room) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await ServeAsync(socket, Rooms.GetOrAdd(room, _ => new()));
        });
        return app;
    }

    private static async Task ServeAsync(WebSocket socket, ConcurrentDictionary<Channel<byte[]>, bool> members)
    {
        var queue = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });
        members[queue] = true;
        var writing = WriteAsync(socket, queue.Reader);
        try
        {
            await ReadAsync(socket, members);
        }
        catch (WebSocketException)
        {
            // Gone without a word.
        }
        finally
        {
            members.TryRemove(queue, out _);
            queue.Writer.TryComplete();
            await writing;
        }
    }

    private static async Task ReadAsync(WebSocket socket, ConcurrentDictionary<Channel<byte[]>, bool> members)
    {
        var buffer = new byte[MaxMessageBytes];
        while (await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None) is { MessageType: WebSocketMessageType.Text } message)
        {
            var text = buffer[..message.Count];
            foreach (var (member, _) in members)
            {
                if (!member.Writer.TryWrite(text))
                {
                    member.Writer.TryComplete();
                }
            }
        }
    }

    private static async Task WriteAsync(WebSocket socket, ChannelReader<byte[]> queue)
    {
        try
        {
            await foreach (var text in queue.ReadAllAsync())
            {
                await socket.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (WebSocketException)
        {
            // Gone without a word.
        }
    }
}
