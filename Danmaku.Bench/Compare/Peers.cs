using System.Net;
using System.Net.Sockets;
using Danmaku.Bench.Cluster;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Compare;

/// <summary>All kinds of servers that can be compared.</summary>
public static class Peers
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);

    public static readonly IReadOnlyList<Peer> All =
    [
        Danmaku("danmaku", "an edge of a cluster, danmaku.v1.json", ViewerFormat.Json),
        Danmaku("danmaku-plain", "an edge of a cluster, plain text", ViewerFormat.Plain),
        Danmaku("danmaku-deflate", "an edge of a cluster, danmaku.v1.json with permessage-deflate", ViewerFormat.Deflate),
        Relay("rawc", "C, epoll, a send for each message and member", CAsync),
        Relay("rawc20", "C, epoll, a send for each 20 ms and member", async (place, port) => [.. await CAsync(place, port), "-t", "20"]),
        Relay("kestrel", "ASP.NET Core WebSockets, a queue and a writer for each connection", (_, port) => Own("kestrel", port)),
        Relay("signalr", "SignalR groups", (_, port) => Own("signalr", port)) with { Kind = ServerKind.SignalR },
        Relay("pyws", "Python, websockets", PythonAsync),
        Relay("nodews", "Node.js, ws", NodeAsync),
    ];

    /// <summary>Those with these names, in their order here.</summary>
    /// <exception cref="InvalidDataException">There is none with one of the names.</exception>
    public static IReadOnlyList<Peer> Find(IReadOnlyCollection<string> names)
    {
        var unknown = names.Except(All.Select(peer => peer.Name)).ToArray();
        return unknown.Length == 0
            ? [.. All.Where(peer => names.Contains(peer.Name))]
            : throw new InvalidDataException($"There is no peer '{unknown[0]}', but {string.Join(", ", All.Select(peer => peer.Name))}.");
    }

    private static Peer Danmaku(string name, string about, ViewerFormat format) => new(name, about, ServerKind.Danmaku, format, async place =>
    {
        var folder = Directory.CreateDirectory(Path.Combine(place.Folder, Path.GetRandomFileName())).FullName;
        var cluster = await PinnedCluster.StartAsync(
            place.Node, 1, place.Store, place.LoadCore, place.ServerCore, folder, place.Settings, TimeProvider.System);
        return new RunningPeer(cluster.Edges[0], cluster.Servers, cluster);
    });

    private static Peer Relay(string name, string about, Func<PeerPlace, int, Task<string[]>> command) =>
        new(name, about, ServerKind.Relay, ViewerFormat.Plain, async place =>
        {
            var port = Ports.Free(IPAddress.Loopback);
            var log = Path.Combine(place.Folder, name + ".log");
            var process = OwnedProcess.Start([.. Cores.Prefix(place.ServerCore), .. await command(place, port)], log);
            await ListeningAsync(process, port, log);
            return new RunningPeer(new Uri($"ws://127.0.0.1:{port}"), [new ServerProcess(name, process.Id)], process);
        });

    private static string Source(string file) => Path.Combine(AppContext.BaseDirectory, "peers", file);

    private static async Task<string[]> CAsync(PeerPlace place, int port)
    {
        var program = Path.Combine(place.Folder, "rawc");
        if (!File.Exists(program))
        {
            var compiler = Programs.Find("cc") ?? throw new InvalidDataException("There is no C compiler (cc).");
            await Programs.RunAsync(compiler, "-O2", "-o", program, Source("rawc.c"));
        }

        return [program, "-p", $"{port}"];
    }

    private static Task<string[]> Own(string kind, int port) =>
        Task.FromResult<string[]>([Programs.FindOurs("Danmaku.Bench"), "target", kind, "--port", $"{port}"]);

    private static async Task<string[]> PythonAsync(PeerPlace place, int port)
    {
        foreach (var python in new[] { Programs.Find("python3"), "/usr/bin/python3" }.OfType<string>().Where(File.Exists))
        {
            try
            {
                await Programs.RunAsync(python, "-c", "import websockets");
                return [python, Source("pyws.py"), "--port", $"{port}"];
            }
            catch (InvalidDataException)
            {
                // It has no websockets; perhaps another one has.
            }
        }

        throw new InvalidDataException("There is no Python with websockets (pip install websockets).");
    }

    private static async Task<string[]> NodeAsync(PeerPlace place, int port)
    {
        var (node, npm) = (Programs.Find("node"), Programs.Find("npm"));
        if (node is null || npm is null)
        {
            throw new InvalidDataException("There is no Node.js with npm.");
        }

        // A module is looked for beside the file that imports it.
        var file = Path.Combine(place.Folder, "nodews.mjs");
        if (!File.Exists(file))
        {
            await Programs.RunAsync(npm, "install", "--prefix", place.Folder, "--no-audit", "--no-fund", "ws@8");
            File.Copy(Source("nodews.mjs"), file);
        }

        return [node, file, "--port", $"{port}"];
    }

    private static async Task ListeningAsync(OwnedProcess process, int port, string log)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var socket = new TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException)
            {
                if (process.Ended.IsCompleted || TimeProvider.System.GetElapsedTime(start) > StartPatience)
                {
                    await process.DisposeAsync();
                    throw new InvalidDataException($"It does not start: {await File.ReadAllTextAsync(log)}");
                }

                await Task.Delay(PollEvery);
            }
        }
    }
}
