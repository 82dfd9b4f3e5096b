using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Danmaku.Actors.Cluster;

/// <summary>Where a node listens for other nodes. Whoever reaches that port can control the node, so it is never a public address.</summary>
public static class NodeAddress
{
    /// <summary>The first address of this machine inside a network.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message names the network and what there is.</exception>
    public static IPAddress In(IPNetwork network) => In(network, LocalAddresses());

    public static IPAddress In(IPNetwork network, IReadOnlyList<IPAddress> local) =>
        local.FirstOrDefault(network.Contains)
        ?? throw new InvalidOperationException(
            $"No address of this machine is inside {network} (Danmaku:Cluster:Network); it has {string.Join(", ", local)}.");

    /// <summary>Reads seeds as <c>host:port,host:port</c> and turns names into addresses.</summary>
    /// <param name="text">The same on every node, in the same order.</param>
    /// <param name="network">Which of a name's addresses to take; null takes the first.</param>
    /// <exception cref="InvalidOperationException">A seed is no <c>host:port</c>, or its name has no address there.</exception>
    public static async Task<IReadOnlyList<(IPAddress Host, int Port)>> ResolveSeedsAsync(
        string text, IPNetwork? network, Func<string, Task<IPAddress[]>> resolve)
    {
        var seeds = new List<(IPAddress, int)>();
        foreach (var seed in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = seed.LastIndexOf(':');
            if (colon < 1 || !int.TryParse(seed.AsSpan(colon + 1), out var port) || port is < 1 or > 65535)
            {
                throw new InvalidOperationException($"'{seed}' in Danmaku:Cluster:Seeds is not host:port.");
            }

            var host = seed[..colon];
            var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await ResolveAsync(host, resolve).ConfigureAwait(false);
            var address = addresses.FirstOrDefault(a => network is null ? a.AddressFamily == AddressFamily.InterNetwork : network.Value.Contains(a))
                ?? throw new InvalidOperationException($"The seed '{host}' has no address{(network is null ? "" : $" inside {network}")}.");
            seeds.Add((address, port));
        }

        return seeds;
    }

    private static async Task<IPAddress[]> ResolveAsync(string host, Func<string, Task<IPAddress[]>> resolve)
    {
        try
        {
            return await resolve(host).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            return [];
        }
    }

    private static List<IPAddress> LocalAddresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(nic => nic.OperationalStatus == OperationalStatus.Up)
            .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address),
    ];
}
