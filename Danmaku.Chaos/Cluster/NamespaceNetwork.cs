using System.Globalization;
using System.Net;

namespace Danmaku.Chaos.Cluster;

/// <summary>Each node in a network namespace of its own, all on one bridge, as machines on one switch. Wants root.</summary>
/// <remarks>
/// A link is cut by giving each side a wrong hardware address for the other: packets leave and nobody takes them, so neither side
/// hears anything, not even an error. Names carry this process's id; what an earlier run left behind is removed.
/// </remarks>
public sealed class NamespaceNetwork : NodeNetwork
{
    private const string NamePrefix = "dmk";
    private const string NamespaceFolder = "/run/netns";
    private const string LinkFolder = "/sys/class/net";
    private const string Nobody = "02:00:00:00:00:01";
    private const int FirstHost = 11;
    private const int HttpPort = 8080;
    private const int RemotingPort = 4053;

    private static readonly string Own = string.Create(CultureInfo.InvariantCulture, $"{NamePrefix}{Environment.ProcessId}");

    private readonly string _ip;
    private readonly byte _subnet;
    private readonly int _nodes;

    private NamespaceNetwork(string ip, byte subnet, int nodes) => (_ip, _subnet, _nodes) = (ip, subnet, nodes);

    public override string Cidr => $"10.231.{_subnet}.0/24";

    public override IPAddress Host => new([10, 231, _subnet, 1]);

    public override string? WhyNoCut => null;

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? WhyNot =>
        !OperatingSystem.IsLinux() ? "needs Linux"
        : !Environment.IsPrivilegedProcess ? "needs root"
        : Programs.Find("ip") is null ? "needs the program ip"
        : null;

    /// <exception cref="InvalidDataException">It cannot be made, or does not carry packets; the message says why. Nothing is left of it.</exception>
    public static async Task<NamespaceNetwork> CreateAsync(int nodes)
    {
        var ip = Programs.Find("ip")!;
        await RemoveAsync(ip, name => !IsAlive(name));
        var taken = await Programs.RunAsync(ip, "-4", "-o", "addr");
        var subnet = Enumerable.Range(Environment.ProcessId % 250, 250).Select(i => (byte)(1 + i % 250))
            .First(i => !taken.Contains($" 10.231.{i}.", StringComparison.Ordinal));
        var network = new NamespaceNetwork(ip, subnet, nodes);
        try
        {
            await network.BuildAsync();
            await network.ProbeAsync();
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    public override IPEndPoint Http(int node) => new(Address(node), HttpPort);

    public override IPEndPoint Remoting(int node) => new(Address(node), RemotingPort);

    public override IReadOnlyList<string> Prefix(int node) => [_ip, "netns", "exec", Namespace(node)];

    public override Task CutAsync(int node) => BetweenAsync(node, (from, to) =>
        ["-n", Namespace(from), "neigh", "replace", $"{Address(to)}", "lladdr", Nobody, "dev", "eth0", "nud", "permanent"]);

    public override Task MendAsync(int node) => BetweenAsync(node, (from, to) =>
        ["-n", Namespace(from), "neigh", "del", $"{Address(to)}", "dev", "eth0"]);

    public override async ValueTask DisposeAsync()
    {
        await RemoveAsync(_ip, name => name == Own);
        await base.DisposeAsync();
    }

    private async Task BuildAsync()
    {
        await IpAsync("link", "add", Own, "type", "bridge");
        await IpAsync("addr", "add", $"{Host}/24", "dev", Own);
        await IpAsync("link", "set", Own, "up");
        for (var node = 0; node < _nodes; node++)
        {
            var (space, port) = (Namespace(node), $"{Own}v{node}");
            await IpAsync("netns", "add", space);
            await IpAsync("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space);
            await IpAsync("link", "set", port, "master", Own, "up");
            await IpAsync("-n", space, "link", "set", "lo", "up");
            await IpAsync("-n", space, "link", "set", "eth0", "up");
            await IpAsync("-n", space, "addr", "add", $"{Address(node)}/24", "dev", "eth0");
        }
    }

    /// <summary>A firewall of this machine may look at bridges too.</summary>
    private async Task ProbeAsync()
    {
        var probe = $"timeout 3 bash -c '</dev/tcp/{Address(1)}/9' 2>&1 | grep -q refused";
        try
        {
            await Programs.RunAsync(_ip, "netns", "exec", Namespace(0), "sh", "-c", probe);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException("packets do not pass a bridge on this machine", error);
        }
    }

    private async Task BetweenAsync(int node, Func<int, int, string[]> command)
    {
        for (var other = 0; other < _nodes; other++)
        {
            if (other != node)
            {
                await IpAsync(command(node, other));
                await IpAsync(command(other, node));
            }
        }
    }

    private Task<string> IpAsync(params string[] arguments) => Programs.RunAsync(_ip, arguments);

    private IPAddress Address(int node) => new([10, 231, _subnet, (byte)(FirstHost + node)]);

    private static string Namespace(int node) => $"{Own}-{node}";

    private static async Task RemoveAsync(string ip, Func<string, bool> isOurs)
    {
        foreach (var space in Names(NamespaceFolder).Where(name => isOurs(Owner(name))))
        {
            await TryAsync(ip, "netns", "del", space);
        }

        // The other ends went with the namespaces, if not at once.
        foreach (var link in Names(LinkFolder).Where(name => isOurs(Owner(name))))
        {
            await TryAsync(ip, "link", "del", link);
        }
    }

    private static string[] Names(string folder) => !Directory.Exists(folder)
        ? []
        : [.. Directory.EnumerateFileSystemEntries(folder, NamePrefix + "*").Select(path => Path.GetFileName(path)!)];

    /// <summary>The part of a name that says whose it is.</summary>
    private static string Owner(string name) => NamePrefix + new string([.. name.Skip(NamePrefix.Length).TakeWhile(char.IsAsciiDigit)]);

    private static bool IsAlive(string owner) => Directory.Exists("/proc/" + owner[NamePrefix.Length..]);

    private static async Task TryAsync(string ip, params string[] arguments)
    {
        try
        {
            await Programs.RunAsync(ip, arguments);
        }
        catch (InvalidDataException)
        {
            // It has gone meanwhile.
        }
    }
}
