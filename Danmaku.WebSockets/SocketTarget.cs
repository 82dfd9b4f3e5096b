using System.Net.Sockets;

namespace Danmaku.WebSockets;

/// <summary>Writes to a socket with one system call, on the caller's thread, while the system accepts the bytes.</summary>
/// <remarks>Linux only, see <see cref="SocketCalls.IsSupported"/>. For one writer at a time. It does not own the socket, and does not read from it.</remarks>
public sealed class SocketTarget(Socket socket) : IByteTarget
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => SendAsync(socket, bytes);

    /// <summary>What <see cref="WriteAsync"/> does.</summary>
    /// <exception cref="IOException">The connection is over.</exception>
    public static ValueTask SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        var sent = SocketCalls.TrySend(socket, bytes.Span);
        return sent == bytes.Length ? ValueTask.CompletedTask : SendRestAsync(socket, bytes[sent..]);
    }

    /// <summary>Waits with the runtime's socket methods. Needed only for slow clients.</summary>
    private static async ValueTask SendRestAsync(Socket socket, ReadOnlyMemory<byte> rest)
    {
        try
        {
            while (rest.Length > 0)
            {
                rest = rest[await socket.SendAsync(rest, SocketFlags.None).ConfigureAwait(false)..];
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw new IOException(error.Message, error);
        }
    }
}
