using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Danmaku.WebSockets;

/// <summary>Reads from a socket with one system call, and never waits. Linux only.</summary>
public static partial class SocketInput
{
    /// <summary><c>MSG_DONTWAIT</c> of Linux.</summary>
    private const int Flags = 0x40;

    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    /// <returns>How many bytes have come; 0 at the end of the stream, −1 when there is nothing yet.</returns>
    /// <exception cref="IOException">The connection is over.</exception>
    public static int TryReceive(Socket socket, Span<byte> buffer)
    {
        try
        {
            while (true)
            {
                var received = Receive(socket.SafeHandle, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, Flags);
                if (received >= 0)
                {
                    return (int)received;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        break;
                    case WouldBlock:
                        return -1;
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

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeSocketHandle socket, ref byte buffer, nuint length, int flags);
}
