using System.Reflection;
using Danmaku.Node.Options;

namespace Danmaku.Node;

/// <summary>The output of <c>--help</c>, <c>--version</c> and unknown commands.</summary>
internal static class Help
{
    private static readonly string[] Words = ["--help", "-h", "-?", "/?"];

    private static string Version => typeof(Help).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Whether any argument asks for help: nobody means <c>--help</c> as the value of an option.</summary>
    public static bool IsAskedFor(string[] args) => args is ["help", ..] || args.Intersect(Words).Any();

    /// <returns>The exit code.</returns>
    public static int Print()
    {
        Console.WriteLine(
            $"""
            Danmaku {Version}: a node of a danmaku cluster

            Usage:
              Danmaku.Node [options]           runs a node until it is stopped
              Danmaku.Node health [url]        asks the node on this machine, or at the URL, whether it is ready; ends with 0 if it is, else with 1
              Danmaku.Node keygen              makes a secret, or a key pair, that signs tokens
              Danmaku.Node token --sub ID …    signs a token for a person; --help says more
              Danmaku.Node help | --version    prints this help, or the version

            Options come from the command line (--Danmaku:Roles=edge), the environment (Danmaku__Roles=edge) and appsettings.json beside the
            executable. If several set the same option, the first in this list counts. The most used options and their defaults:

            """);
        var (keyWidth, valueWidth) = (MostUsed().Max(option => option.Key.Length), MostUsed().Max(option => option.Value.Length));
        foreach (var (key, value, meaning) in MostUsed())
        {
            Console.WriteLine($"  --{key.PadRight(keyWidth)}  {(value.Length > 0 ? value : "none").PadRight(valueWidth)}  {meaning}");
        }

        Console.WriteLine();
        Console.WriteLine("All options: docs/operations.md");
        return 0;
    }

    /// <summary>Prints what a command says of itself.</summary>
    /// <returns>The exit code.</returns>
    public static int Print(string usage)
    {
        Console.WriteLine(usage);
        return 0;
    }

    /// <returns>The exit code.</returns>
    public static int PrintVersion()
    {
        Console.WriteLine($"Danmaku {Version}");
        return 0;
    }

    /// <returns>The exit code.</returns>
    public static int Refuse(string command)
    {
        Console.Error.WriteLine($"danmaku: {command}: no such command. The commands are health, keygen, token and help; without a command a node runs.");
        return 2;
    }

    private static IEnumerable<(string Key, string Value, string Meaning)> MostUsed()
    {
        var (node, store, cluster, operators, auth) = (new NodeOptions(), new StoreOptions(), new ClusterOptions(), new OperatorOptions(), new AuthOptions());
        return
        [
            ("urls", ListenUrls.Default, "where the node listens; http://+:8080 is all addresses"),
            ($"{OperatorOptions.Section}:{nameof(operators.Urls)}", operators.Urls, "where operators reach the node: metrics, purging"),
            ($"{NodeOptions.Section}:{nameof(node.NodeName)}", node.NodeName, "the name that viewers and operators see"),
            ($"{NodeOptions.Section}:{nameof(node.Roles)}", node.Roles, "origin keeps rooms, edge holds viewers"),
            ($"{NodeOptions.Section}:{nameof(node.DataDirectory)}", node.DataDirectory, "where the node keeps files"),
            ($"{NodeOptions.Section}:{nameof(node.DefaultRoom)}", node.DefaultRoom, "the room behind /"),
            ($"{NodeOptions.Section}:{nameof(node.ServerKey)}", node.ServerKey, "the key that servers need to post over HTTP; none: anybody may post"),
            ($"{AuthOptions.Section}:{nameof(auth.HmacSecret)}", auth.HmacSecret, "the secret that signs people's tokens; none: everybody is anonymous"),
            ($"{AuthOptions.Section}:{nameof(auth.Anonymous)}", $"{auth.Anonymous}".ToLowerInvariant(), "what people without one may do: post, watch, none"),
            ($"{StoreOptions.Section}:{nameof(store.Kind)}", $"{store.Kind}".ToLowerInvariant(), "where rooms are kept: sqlite, postgresql or memory"),
            ($"{StoreOptions.Section}:{nameof(store.ConnectionString)}", store.ConnectionString, "how to reach PostgreSQL"),
            ($"{ClusterOptions.Section}:{nameof(cluster.Network)}", cluster.Network, "the private network of the nodes; none: this machine"),
            ($"{ClusterOptions.Section}:{nameof(cluster.Seeds)}", cluster.Seeds, "the nodes to join, host:port,host:port; none: a cluster of its own"),
        ];
    }
}
