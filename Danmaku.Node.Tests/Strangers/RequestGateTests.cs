using Danmaku.HttpCache.Tests;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.AspNetCore.Http;

namespace Danmaku.Node.Tests.Strangers;

/// <summary>Requests whose answers nobody reads.</summary>
public sealed class RequestGateTests
{
    private const int Clients = 40;

    /// <summary>More than the system takes in for a client that does not read.</summary>
    private const int Size = 16 * 1024 * 1024;

    [SkippableFact]
    public async Task Unread_answers_use_bounded_memory_and_the_newest_requests_are_refused()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Connections count with our own transport alone.");
        await using var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=600";
            return context.Response.WriteAsync(new string('x', Size));
        });
        await using var node = await TestNode.StartAsync(
            new NoRooms(), "--Danmaku:Memory=4MiB", "--Danmaku:Cache:Upstreams=" + origin.Url.GetLeftPart(UriPartial.Authority));
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => RawClient.ConnectAsync(node.Url, receiveBuffer: 4096)));

        var statuses = await Task.WhenAll(clients.Select(client => client.RequestAsync("/large", [])));

        // 3.5 MiB less 16 KiB for each connection, by 128 KiB.
        Assert.InRange(statuses.Count(status => status == 200), 15, 23);
        Assert.All(clients.Where((_, i) => statuses[i] != 200), client => Assert.Equal("5", client.Headers["retry-after"]));
        Assert.All(statuses, status => Assert.True(status is 200 or 503));
        Assert.Equal("live", await node.Http.GetStringAsync("/health/live"));
        Array.ForEach(clients, client => client.Dispose());
        await Eventually.TrueAsync(async () => await node.MetricAsync("danmaku_memory_bytes", "kind=\"requests\"") == 0);
        Assert.Equal(200, (int)(await node.Http.GetAsync("/large", HttpCompletionOption.ResponseHeadersRead)).StatusCode);
    }
}
