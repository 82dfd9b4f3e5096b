using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Danmaku.Testing;

/// <summary>Ports for programs that a test starts.</summary>
public static class Ports
{
    /// <summary>No port is given twice: the program that the first was for may not have started yet.</summary>
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>
    /// A port that nobody listens on, below those that systems give to outgoing connections (32,768 and above): one of these could take it before a program
    /// does.
    /// </summary>
    public static int Free(IPAddress address)
    {
        while (true)
        {
            try
            {
                using var listener = new TcpListener(address, Random.Shared.Next(15_000, 32_000));
                listener.Start();
                var port = ((IPEndPoint)listener.LocalEndpoint).Port;
                if (Given.TryAdd(port, true))
                {
                    return port;
                }
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Another, then.
            }
        }
    }
}
