using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Danmaku.Core.Cluster;

namespace Danmaku.Actors.Cluster;

/// <summary>An address of this machine.</summary>
/// <param name="IsLasting">Whether it is permanent: not temporary (RFC 8981), not deprecated, and not a duplicate of another machine's.</param>
public readonly record struct LocalAddress(IPAddress Address, bool IsLasting);

/// <summary>
/// Chooses the address at which a node listens for other nodes. Anybody who reaches that port can control the node, so it is never a public address.
/// </summary>
public static class NodeAddress
{
    /// <summary>The address of this machine inside the first of the networks in which it has one.</summary>
    /// <param name="networks">The same on every node, in the same order. Empty: this machine alone.</param>
    /// <exception cref="InvalidOperationException">There is none, or more than one; the message names the network and the addresses.</exception>
    public static IPAddress In(IReadOnlyList<IPNetwork> networks) => networks.Count == 0 ? IPAddress.Loopback : In(networks, LocalAddresses());

    public static IPAddress In(IReadOnlyList<IPNetwork> networks, IReadOnlyList<LocalAddress> local)
    {
        foreach (var network in networks)
        {
            IPAddress[] inside =
            [
                .. local.Where(one => Holds(network, one.Address) && (one.IsLasting || IsOneAddress(network))).Select(one => one.Address).Distinct(),
            ];
            if (inside.Length > 1 && network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6)
            {
                // The system lists the newest first, so the first one would change some day.
                throw new InvalidOperationException(
                    $"This machine has several addresses inside {network} (Danmaku:Cluster:Network): {string.Join(", ", inside.AsEnumerable())}. "
                    + $"Name the right one, as in {inside[0]}/128,{network}.");
            }

            if (inside is [var address, ..])
            {
                return address;
            }
        }

        throw new InvalidOperationException(
            $"This machine has no permanent address inside {Text(networks)} (Danmaku:Cluster:Network); "
            + $"it has {string.Join(", ", local.Select(one => one.Address))}.");
    }

    /// <summary>Turns the names of seeds into addresses: for each the one inside the first network in which it has one.</summary>
    /// <param name="networks">As for <see cref="In(IReadOnlyList{IPNetwork})"/>. Empty: the first IPv4 address.</param>
    /// <exception cref="InvalidOperationException">A seed has no address there.</exception>
    public static async Task<IReadOnlyList<(IPAddress Host, int Port)>> ResolveSeedsAsync(
        IReadOnlyList<Seed> seeds, IReadOnlyList<IPNetwork> networks, Func<string, Task<IPAddress[]>> resolve)
    {
        var resolved = new List<(IPAddress, int)>();
        foreach (var seed in seeds)
        {
            var addresses = IPAddress.TryParse(seed.Host, out var literal) ? [literal] : await ResolveAsync(seed.Host, resolve).ConfigureAwait(false);
            var address = networks.Count == 0
                ? addresses.FirstOrDefault(one => one.AddressFamily == AddressFamily.InterNetwork)
                : networks.SelectMany(network => addresses.Where(one => Holds(network, one))).FirstOrDefault();
            resolved.Add((
                address ?? throw new InvalidOperationException(networks.Count == 0
                    ? $"The seed '{seed}' has no IPv4 address; where nodes talk over IPv6, Danmaku:Cluster:Network must name their network."
                    : $"The seed '{seed}' has no address inside {Text(networks)} (Danmaku:Cluster:Network)."),
                seed.Port));
        }

        return resolved;
    }

    /// <summary>An address as a host of a node's address (RFC 3986 §3.2.2): IPv6 in brackets, as remoting writes it.</summary>
    public static string ToHost(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    /// <summary>The addresses in <c>/proc/net/if_inet6</c> of Linux that are not permanent; no other interface reports that.</summary>
    /// <param name="lines">Address, interface, prefix length, scope, flags (<c>IFA_F_*</c> of if_addr.h) and name; numbers in hex.</param>
    public static IReadOnlyList<IPAddress> Passing(IEnumerable<string> lines)
    {
        const int Temporary = 0x01, Duplicate = 0x08, Deprecated = 0x20;
        return
        [
            .. lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(fields => fields.Length > 4 && (Convert.ToInt32(fields[4], 16) & (Temporary | Duplicate | Deprecated)) != 0)
                .Select(fields => new IPAddress(Convert.FromHexString(fields[0]))),
        ];
    }

    /// <summary>Other nodes could not use a link-local address.</summary>
    private static bool Holds(IPNetwork network, IPAddress address) => network.Contains(address) && !address.IsIPv6LinkLocal;

    private static bool IsOneAddress(IPNetwork network) => network.PrefixLength == 128;

    private static string Text(IReadOnlyList<IPNetwork> networks) => string.Join(", ", networks);

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

    private static List<LocalAddress> LocalAddresses()
    {
        const string Flags = "/proc/net/if_inet6";
        var passing = File.Exists(Flags) ? Passing(File.ReadLines(Flags)) : [];
        return
        [
            .. NetworkInterface.GetAllNetworkInterfaces()
                .Where(nic => nic.OperationalStatus == OperationalStatus.Up)
                .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
                .Select(unicast => new LocalAddress(unicast.Address, !passing.Contains(unicast.Address))),
        ];
    }
}
