using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Danmaku.WebSockets;

/// <summary>Reads from and writes to a socket with one system call each, and never waits. Linux only, see <see cref="IsSupported"/>.</summary>
public static partial class SocketCalls
{
    /// <summary><c>MSG_DONTWAIT</c> of Linux.</summary>
    private const int DoNotWait = 0x40;

    /// <summary><c>MSG_NOSIGNAL</c> of Linux.</summary>
    private const int NoSignal = 0x4000;

    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    /// <summary>Whether this system is Linux.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux();

    /// <returns>How many bytes were received; 0 at the end of the stream, −1 when there is nothing yet.</returns>
    /// <exception cref="IOException">The connection is over.</exception>
    public static int TryReceive(Socket socket, Span<byte> buffer)
    {
        try
        {
            while (true)
            {
                var received = Receive(socket.SafeHandle, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, DoNotWait);
                if (received >= 0)
                {
                    return (int)received;
                }

                if (HasToWait())
                {
                    return -1;
                }
            }
        }
        catch (ObjectDisposedException error)
        {
            throw new IOException("The connection is over.", error);
        }
    }

    /// <returns>How many bytes the system has accepted.</returns>
    /// <exception cref="IOException">The connection is over.</exception>
    public static int TrySend(Socket socket, ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (true)
            {
                var sent = Send(socket.SafeHandle, bytes, (nuint)bytes.Length, DoNotWait | NoSignal);
                if (sent >= 0)
                {
                    return (int)sent;
                }

                if (HasToWait())
                {
                    return 0;
                }
            }
        }
        catch (ObjectDisposedException error)
        {
            throw new IOException("The connection is over.", error);
        }
    }

    /// <summary>Checks why the last call has failed.</summary>
    /// <returns>True when it would have waited; false when a signal interrupted it, and the call must be repeated.</returns>
    /// <exception cref="IOException">The connection is over.</exception>
    private static bool HasToWait() => Marshal.GetLastPInvokeError() switch
    {
        Interrupted => false,
        WouldBlock => true,
        var error => throw new IOException($"The connection is over: {Marshal.GetPInvokeErrorMessage(error)}"),
    };

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeSocketHandle socket, ref byte buffer, nuint length, int flags);

    /// <summary>send(2). <see cref="Socket.Send(ReadOnlySpan{byte}, SocketFlags, out SocketError)"/> does not report how much was sent.</summary>
    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeSocketHandle socket, ReadOnlySpan<byte> bytes, nuint length, int flags);
}
