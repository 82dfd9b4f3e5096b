using System.Net;
using System.Net.Sockets;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Sockets;
using Danmaku.WebSockets;

namespace Danmaku.Node.Tests;

public sealed class AllocationTests : IDisposable
{
    private const int Batches = 10_000;

    private readonly DanmakuMetrics _metrics = new();
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _server;
    private readonly Task<long> _reading;

    public AllocationTests()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _client.Connect(listener.LocalEndPoint!);
        _server = listener.Accept();
        _reading = Task.Run(CountBytesAsync);
    }

    public void Dispose()
    {
        _server.Dispose();
        _client.Dispose();
        _metrics.Dispose();
    }

    [SkippableFact]
    public async Task A_batch_for_a_viewer_that_reads_allocates_nothing()
    {
        Skip.IfNot(SocketCalls.IsSupported, "Elsewhere the HTTP server writes.");
        var session = new WebSocketSession(
            new SocketTarget(_server), new WebSocketSessionOptions(), new MemoryBudget(1024 * 1024).For(MemoryKind.Output), () => { }, TimeProvider.System);
        using var socket = new ViewerSocket(session, _metrics, budget: null);
        var viewer = new Viewer(WireFormat.Json, socket, new ViewerLimits(), TimeProvider.System);
        var frame = new Frame(SharedFrame.EncodeText(new byte[160]), new Position(1, 1), new Position(1, 1));
        Deliver(viewer, frame, 1000);
        await socket.WrittenAsync();

        var allocated = 0L;
        for (var sent = 0; sent < Batches; sent += 100)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Deliver(viewer, frame, 100);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            await socket.WrittenAsync();
        }

        _server.Shutdown(SocketShutdown.Send);
        Assert.Equal((long)frame.Bytes.Length * (Batches + 1000), await _reading.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.InRange(allocated / (double)Batches, 0, 10);
    }

    private static void Deliver(Viewer viewer, Frame frame, int times)
    {
        var skipped = 0;
        for (var i = 0; i < times; i++)
        {
            skipped += viewer.Deliver(frame);
        }

        Assert.Equal(0, skipped);
    }

    private async Task<long> CountBytesAsync()
    {
        var (buffer, count) = (new byte[64 * 1024], 0L);
        while (await _client.ReceiveAsync(buffer) is var read and > 0)
        {
            count += read;
        }

        return count;
    }
}
