using System.Net;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Strangers;

/// <summary>Operators of a node whose strangers have taken all the memory that is for them.</summary>
public sealed class ReserveTests
{
    /// <summary>More than 4 MiB are enough for, with 16 KiB for each.</summary>
    private const int Strangers = 260;

    [SkippableFact]
    public async Task Operators_are_served_when_clients_have_used_all_their_memory()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Connections count with our own transport alone.");
        await using var node = await TestNode.StartAsync("--Danmaku:Memory=4MiB");
        var strangers = await Task.WhenAll(Enumerable.Range(0, Strangers).Select(_ => RawClient.ConnectAsync(node.Url)));

        using (var late = await RawClient.ConnectAsync(node.Url))
        {
            Assert.Equal(503, await late.ReadHeadAsync());
            Assert.Equal("5", late.Headers["retry-after"]);
        }

        Assert.Equal("live", await node.Operators.GetStringAsync("/health/live"));
        using var cluster = await node.Operators.GetAsync("/api/cluster");
        Assert.Equal(HttpStatusCode.OK, cluster.StatusCode);
        Array.ForEach(strangers, stranger => stranger.Dispose());
        await Eventually.TrueAsync(async () => (await node.Http.GetAsync("/health/live")).IsSuccessStatusCode);
    }
}
