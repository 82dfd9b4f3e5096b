using System.Net;
using System.Net.Sockets;

namespace Danmaku.Node.Options;

/// <summary>Lists in one option, since environment variables hold no lists.</summary>
internal static class Csv
{
    public static string[] Split(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>A network in CIDR form, or one address as the network that holds only it; null when it is neither.</summary>
    public static IPNetwork? Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
        : null;
}
