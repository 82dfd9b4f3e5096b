using System.Net.Sockets;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>Tells connections that there is no memory for them, before the HTTP server hears of them.</summary>
internal sealed class RefusedConnections
{
    /// <summary>How many are waited for at once. What comes beyond that may find its connection broken before it has read the answer.</summary>
    private const int MaxLingering = 64;

    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private int _lingering;

    /// <summary>For whoever speaks HTTP; to others, such as TLS, it is a connection that ends.</summary>
    public static ReadOnlySpan<byte> Answer =>
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"u8;

    /// <summary>Answers and ends. The socket belongs to this from now on.</summary>
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

    /// <summary>Reads what the client says before it has heard the answer: a socket that is closed with something unread takes the answer back.</summary>
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
                // Gone, or not in time.
            }
        }

        Interlocked.Decrement(ref _lingering);
    }
}
