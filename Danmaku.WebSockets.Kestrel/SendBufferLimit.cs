using System.Net.Sockets;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>Bounds what the operating system buffers for a client that does not read. Linux alone would buffer megabytes, more than the outbox.</summary>
internal static class SendBufferLimit
{
    /// <summary>Most unsent bytes that the system buffers. Bytes on their way do not count, so that no connection gets slower.</summary>
    private const int UnsentBytes = 64 * 1024;

    private const int Tcp = 6;

    /// <summary><c>TCP_NOTSENT_LOWAT</c> of Linux; .NET has no name for it.</summary>
    private const int NotSentLowWater = 25;

    /// <summary>Bounds the system's buffer of one connection, where that is supported.</summary>
    public static void Bound(Socket? socket)
    {
        if (socket is null || socket.ProtocolType != ProtocolType.Tcp || !OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            socket.SetRawSocketOption(Tcp, NotSentLowWater, BitConverter.GetBytes(UnsentBytes));
        }
        catch (SocketException)
        {
            // The connection has gone, or the system only looks like Linux. The limit only saves memory.
        }
        catch (ObjectDisposedException)
        {
            // The connection has gone.
        }
    }
}
