using System.Net.Sockets;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>What the operating system takes in for a viewer that does not read: on Linux megabytes by itself, so that it would hold more than we do.</summary>
internal static class SendBufferLimit
{
    /// <summary>Bytes that the system takes in and has not sent. What is on its way does not count, so that no connection gets slower by it.</summary>
    private const int UnsentBytes = 64 * 1024;

    private const int Tcp = 6;

    /// <summary><c>TCP_NOTSENT_LOWAT</c> of Linux; .NET has no name for it.</summary>
    private const int NotSentLowWater = 25;

    /// <summary>Bounds what the system takes in for one connection, where it can.</summary>
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
            // Gone already, or a system that only looks like Linux. It is a matter of memory and not of being right.
        }
        catch (ObjectDisposedException)
        {
            // Gone already.
        }
    }
}
