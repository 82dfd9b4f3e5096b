using System.Net;
using System.Net.Sockets;

namespace Danmaku.Bench.Engine;

/// <summary>Addresses of loopback to connect from: one has about 28,000 ports for each server.</summary>
public static class LoopbackSources
{
    private const int ConnectionsPerAddress = 20_000;

    /// <returns>Null for what the system chooses.</returns>
    public static IPAddress? Address(IPAddress server, int connection)
    {
        var extra = connection / ConnectionsPerAddress;
        return extra == 0 || server.AddressFamily != AddressFamily.InterNetwork || !OperatingSystem.IsLinux()
            ? null
            : new IPAddress([127, 0, (byte)(1 + (extra >> 8)), (byte)(1 + (extra & 0xff))]);
    }
}
