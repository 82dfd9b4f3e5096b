using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Danmaku.HttpCache.Tests;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.AspNetCore.Http;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Strangers take what they can get of a node that is a process of its own: file descriptors and memory.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class ExhaustionTests : IDisposable
{
    private const int Descriptors = 512;
    private const int Many = 6000;
    private const int AtOnce = 100;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [SkippableFact]
    public async Task Without_descriptors_a_node_keeps_its_viewers_and_accepts_again_when_some_are_free()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The limit is read on Linux alone.");
        await using var origin = await FakeOrigin.StartAsync((context, _) => context.Response.WriteAsync("content"));
        await using var node = await StartAsync(
            ["/bin/sh", "-c", $"ulimit -n {Descriptors} && exec \"$@\"", "sh"],
            "Danmaku:Cache:Upstreams=" + origin.Url.GetLeftPart(UriPartial.Authority));
        var (viewer, _) = await TestViewer.JoinAsync(node.Url, "room");
        using var __ = viewer;

        using var idle = new Crowd();
        idle.Connect(node.Url, 690);
        await Eventually.TrueAsync(async () => await node.MetricAsync("danmaku_accepting", $"listener=\"{node.Url.Authority}\"") == 0, Patience);

        await viewer.PostAsync("still here");
        Assert.Equal("still here", Assert.Single(await viewer.WatchAsync(1)).Text);
        Assert.Equal(Descriptors, await node.MetricAsync("danmaku_descriptors_limit"));
        Assert.InRange((await node.MetricAsync("danmaku_descriptors"))!.Value, Descriptors / 2, Descriptors - 50);
        using (var refused = await node.Http.GetAsync("/content"))
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(5)), (refused.StatusCode, refused.Headers.RetryAfter?.Delta));
        }

        Assert.Equal((1, 0), (Said(node, "accepts no more connections"), Said(node, "accepts connections again")));
        idle.Dispose();
        await Eventually.TrueAsync(() => Said(node, "accepts connections again") == 1, Patience);
        using var newcomer = (await TestViewer.JoinAsync(node.Url, "room")).Viewer;
        await newcomer.PostAsync("new here");
        Assert.Equal("new here", Assert.Single(await viewer.WatchAsync(1)).Text);
        Assert.Equal("content", await node.Http.GetStringAsync("/content"));
        Assert.Equal((1, 1), (Said(node, "accepts no more connections"), await node.MetricAsync("danmaku_accepting", $"listener=\"{node.Url.Authority}\"")));
        Assert.Equal(0, await node.StopAsync());
        Assert.Empty(node.TakeErrors());
    }

    [SkippableFact]
    public async Task Unfinished_headers_use_bounded_memory_and_the_newest_are_refused()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Connections count on Linux alone.");
        await using var node = await StartAsync(["env", "DOTNET_GCHeapHardLimit=0x5000000"]);
        var (viewer, _) = await TestViewer.JoinAsync(node.Url, "room");
        using var __ = viewer;

        using var crowd = new Crowd();
        await crowd.EachAsync(Many, async () =>
        {
            var client = await RawClient.ConnectAsync(node.Url);
            await TrySendAsync(client, "GET / HTTP/1.1\r\nHost:"u8.ToArray());
            return client;
        });

        var newest = crowd.Clients[^1];
        Assert.Equal(503, await newest.ReadHeadAsync());
        Assert.Equal("5", newest.Headers["retry-after"]);
        await GoesOnAsync(node, viewer, crowd);
    }

    [SkippableFact]
    public async Task Unfinished_messages_use_bounded_memory_and_the_newest_are_refused()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Connections count on Linux alone.");
        await using var node = await StartAsync(["env", "DOTNET_GCHeapHardLimit=0x5000000"]);
        var (viewer, _) = await TestViewer.JoinAsync(node.Url, "room");
        using var __ = viewer;
        var half = RawClient.Frame(1, new byte[4096])[..4000];

        using var crowd = new Crowd();
        var (refused, closed) = (0, 0);
        await crowd.EachAsync(Many, async () =>
        {
            var client = await RawClient.ConnectAsync(node.Url);
            if (await TryUpgradeAsync(client))
            {
                return client;
            }

            Interlocked.Increment(ref refused);
            client.Dispose();
            return null;
        });
        foreach (var client in crowd.Clients)
        {
            await TrySendAsync(client, half);
        }

        foreach (var client in crowd.Clients.Reverse().Take(10))
        {
            closed += await client.ReadCloseAsync() == (1013, "no memory left") ? 1 : 0;
        }

        Assert.Equal(10, closed);
        Assert.InRange(refused, Many / 2, Many - 100);
        Assert.True(await node.MetricAsync("danmaku_memory_refusals_total", "kind=\"input\"") >= 10);
        await GoesOnAsync(node, viewer, crowd);
    }

    [SkippableFact]
    public async Task A_node_without_memory_ends_to_be_started_again()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Elsewhere it ends otherwise.");
        await using var node = await StartAsync(["env", "DOTNET_GCHeapHardLimit=0x2800000"], "Danmaku:Memory=4GiB", "Danmaku:Connection:MaxMessageBytes=1048576");
        var half = RawClient.Frame(1, new byte[60_000])[..50_000];

        using var crowd = new Crowd();
        try
        {
            await crowd.EachAsync(2000, async () =>
            {
                var client = await RawClient.ConnectAsync(node.Url);
                if (await TryUpgradeAsync(client))
                {
                    await TrySendAsync(client, half);
                }

                return client;
            });
        }
        catch (SocketException)
        {
            // It does not listen any more.
        }

        Assert.Equal(70, await node.EndAsync());
        Assert.Contains(node.Log, line => line.Contains("no memory left; the node ends with 70", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_node_that_cannot_listen_any_more_ends_to_be_started_again()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The socket is taken from it by a system call of Linux.");
        await using var node = await StartAsync([]);

        Skip.IfNot(BreakListener(node), "This system does not let a process have another's socket.");

        Assert.Equal(71, await node.EndAsync(TimeSpan.FromSeconds(5)));
        Assert.Contains(node.Log, line => line.Contains("any more and ends with 71, to be started again", StringComparison.Ordinal));
    }

    /// <summary>The viewer still hears what it says, and when the crowd is gone newcomers get in.</summary>
    private static async Task GoesOnAsync(NodeProcess node, TestViewer viewer, Crowd crowd)
    {
        await viewer.PostAsync("still here");
        Assert.Equal("still here", Assert.Single(await viewer.WatchAsync(1)).Text);
        Assert.Equal(1, Said(node, "Clients use all the memory"));

        crowd.Dispose();
        await Eventually.TrueAsync(() => Said(node, "There is memory for clients again") == 1, Patience);
        using var newcomer = (await TestViewer.JoinAsync(node.Url, "room")).Viewer;
        await newcomer.PostAsync("new here");
        Assert.Equal("new here", Assert.Single(await viewer.WatchAsync(1)).Text);
        await Eventually.TrueAsync(async () => await node.MetricAsync("danmaku_memory_bytes", "kind=\"input\"") < 64 * 1024);
        Assert.Equal(0, await node.StopAsync());
        Assert.Empty(node.TakeErrors());
    }

    private async Task<NodeProcess> StartAsync(string[] under, params string[] settings)
    {
        var node = new NodeProcess(
            "alone",
            new UriBuilder("http", "127.0.0.1", Ports.Free(IPAddress.Loopback)).Uri,
            [
                "Danmaku:DataDirectory=" + _data, "Danmaku:Connection:ConnectionsPerAddress=0", "Danmaku:Connection:ConnectsPerSecond=0",
                "Danmaku:Connection:JoinTimeout=00:01:00", .. settings,
            ],
            under: under);
        await Eventually.TrueAsync(node.IsReadyAsync, Patience);
        return node;
    }

    private static int Said(NodeProcess node, string words) => node.Log.Count(line => line.Contains(words, StringComparison.Ordinal));

    /// <returns>False when it was refused.</returns>
    private static async Task<bool> TryUpgradeAsync(RawClient client)
    {
        try
        {
            return await client.RequestAsync("/ws/room", [.. RawClient.Upgrade, "Sec-WebSocket-Protocol: danmaku.v1.json"]) == 101;
        }
        catch (IOException)
        {
            // Of very many that are refused some find the connection broken.
            return false;
        }
    }

    private static async Task TrySendAsync(RawClient client, byte[] bytes)
    {
        try
        {
            await client.SendBytesAsync(bytes);
        }
        catch (IOException)
        {
            // It was refused.
        }
    }

    /// <summary>Makes accept(2) fail: with a copy of the node's listening socket, of which the node is told nothing.</summary>
    /// <returns>False where the system does not let anybody have such a copy.</returns>
    private static bool BreakListener(NodeProcess node)
    {
        const int Both = 2;
        var process = (int)OpenProcess(434, node.Id, 0);
        var copy = (int)GetDescriptor(438, process, ListenerOf(node), 0);
        var isBroken = copy >= 0 && Shutdown(copy, Both) == 0;
        _ = Close(copy);
        _ = Close(process);
        return isBroken;
    }

    /// <summary>The number that the node has for the socket on which it listens (proc(5)).</summary>
    private static int ListenerOf(NodeProcess node)
    {
        const string Listening = "0A";
        var port = node.Url.Port.ToString("X4", CultureInfo.InvariantCulture);
        var inode = File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6"))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Single(columns => columns[1].EndsWith(":" + port, StringComparison.Ordinal) && columns[3] == Listening)[9];
        var link = Directory.EnumerateFiles($"/proc/{node.Id}/fd").Single(path => new FileInfo(path).LinkTarget == $"socket:[{inode}]");
        return int.Parse(Path.GetFileName(link), CultureInfo.InvariantCulture);
    }

    /// <summary>pidfd_open(2)</summary>
    [DllImport("libc", EntryPoint = "syscall")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint OpenProcess(nint number, nint process, nint flags);

    /// <summary>pidfd_getfd(2)</summary>
    [DllImport("libc", EntryPoint = "syscall")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint GetDescriptor(nint number, nint process, nint descriptor, nint flags);

    [DllImport("libc", EntryPoint = "shutdown")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Shutdown(int socket, int how);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);

    /// <summary>Connections that are ended together.</summary>
    private sealed class Crowd : IDisposable
    {
        private readonly List<RawClient> _clients = [];
        private readonly List<Socket> _sockets = [];

        public IReadOnlyList<RawClient> Clients => _clients;

        /// <summary>Connects and says nothing; does not wait for the other side, which may not accept.</summary>
        public void Connect(Uri node, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                _sockets.Add(socket);
                _ = ConnectAsync(socket, node);
            }
        }

        /// <param name="connect">One of them; null for none.</param>
        public async Task EachAsync(int count, Func<Task<RawClient?>> connect)
        {
            for (var i = 0; i < count; i += AtOnce)
            {
                _clients.AddRange((await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => connect()))).OfType<RawClient>());
            }
        }

        public void Dispose()
        {
            _clients.ForEach(client => client.Dispose());
            _sockets.ForEach(socket => socket.Dispose());
        }

        private static async Task ConnectAsync(Socket socket, Uri node)
        {
            try
            {
                await socket.ConnectAsync(node.Host, node.Port);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // The crowd was sent away.
            }
        }
    }
}
