using System.Net.Sockets;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>Answers connections for which there is no memory, before the HTTP server sees them.</summary>
internal sealed class RefusedConnections
{
    /// <summary>Most connections that it waits for at once. Further clients may find the connection broken before they have read the answer.</summary>
    private const int MaxLingering = 64;

    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private int _lingering;

    /// <summary>The answer for HTTP clients; for others, such as TLS, the connection just ends.</summary>
    public static ReadOnlySpan<byte> Answer =>
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"u8;

    /// <summary>Answers and closes the socket, which this class now owns.</summary>
    public void Refuse(Socket socket)
    {
        try
        {
            SocketCalls.TrySend(socket, Answer);
            socket.Shutdown(SocketShutdown.Send);
            _ = LingerAsync(socket);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            socket.Dispose();
        }
    }

    /// <summary>Reads what the client sends before it has received the answer: closing a socket with unread data would discard the answer.</summary>
    private async Task LingerAsync(Socket socket)
    {
        using var _ = socket;
        if (Interlocked.Increment(ref _lingering) <= MaxLingering)
        {
            using var patience = new CancellationTokenSource(Linger);
            try
            {
                var ignored = new byte[1024];
                while (await socket.ReceiveAsync(ignored, patience.Token) > 0)
                {
                }
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                // The client has gone, or was too slow.
            }
        }

        Interlocked.Decrement(ref _lingering);
    }
}
