using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Danmaku.WebSockets;

/// <summary>Writes to a socket with one system call, on the caller's thread, as long as the system takes what it is given.</summary>
/// <remarks>Linux only, see <see cref="IsSupported"/>. For one writer at a time. It does not own the socket, and does not read.</remarks>
public sealed partial class SocketTarget(Socket socket) : IByteTarget
{
    /// <summary><c>MSG_DONTWAIT</c> and <c>MSG_NOSIGNAL</c> of Linux.</summary>
    private const int Flags = 0x40 | 0x4000;

    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    /// <summary>Whether this system is Linux.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux();

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => SendAsync(socket, bytes);

    /// <summary>What <see cref="WriteAsync"/> does.</summary>
    /// <exception cref="IOException">The connection is over.</exception>
    public static ValueTask SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        var sent = TrySend(socket, bytes.Span);
        return sent == bytes.Length ? ValueTask.CompletedTask : SendRestAsync(socket, bytes[sent..]);
    }

    /// <summary>Waits for place by the runtime's own means. It is for clients that do not read as fast as they are sent.</summary>
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

    /// <summary>Never waits.</summary>
    /// <returns>How many bytes the system has taken.</returns>
    /// <exception cref="IOException">The connection is over.</exception>
    public static int TrySend(Socket socket, ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (true)
            {
                var sent = Send(socket.SafeHandle, bytes, (nuint)bytes.Length, Flags);
                if (sent >= 0)
                {
                    return (int)sent;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        break;
                    case WouldBlock:
                        return 0;
                    case var error:
                        throw new IOException($"The connection is over: {Marshal.GetPInvokeErrorMessage(error)}");
                }
            }
        }
        catch (ObjectDisposedException error)
        {
            throw new IOException("The connection is over.", error);
        }
    }

    /// <summary>send(2). <see cref="Socket.Send(ReadOnlySpan{byte}, SocketFlags, out SocketError)"/> does not say how much of it went.</summary>
    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeSocketHandle socket, ReadOnlySpan<byte> bytes, nuint length, int flags);
}
