using System.Net;
using Danmaku.Node.Rooms;
using Danmaku.Node.Strangers;
using Danmaku.Node.Tests.Processes;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.Node.Tests.Strangers;

/// <summary>A listener for operators beside one for strangers, who have taken all the memory that is for them.</summary>
public sealed class ReservedListenerTests
{
    /// <summary>More than 4 MiB are enough for, with 16 KiB for each.</summary>
    private const int Strangers = 260;

    [SkippableFact]
    public async Task Operators_are_served_when_strangers_have_taken_all_their_memory()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Connections count with our own transport alone.");
        var operators = new UriBuilder("http", "127.0.0.1", ClusterFixture.FreePort(IPAddress.Loopback)).Uri;
        await using var node = await TestNode.StartAsync(
            (services, settings) =>
            {
                RoomsRegistration.AddRooms(services, settings);
                services.AddSingleton(new ReservedListeners(endpoint => endpoint is IPEndPoint { Port: var port } && port == operators.Port));
            },
            "--Danmaku:Memory=4MiB",
            $"--urls=http://127.0.0.1:0;{operators}");
        var strangers = await Task.WhenAll(Enumerable.Range(0, Strangers).Select(_ => RawClient.ConnectAsync(node.Url)));

        using (var late = await RawClient.ConnectAsync(node.Url))
        {
            Assert.Equal(503, await late.ReadHeadAsync());
            Assert.Equal("5", late.Headers["retry-after"]);
        }

        using var http = new HttpClient();
        Assert.Equal("live", await http.GetStringAsync(new Uri(operators, "/health/live")));
        using var page = await http.GetAsync(new Uri(operators, "/"));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Array.ForEach(strangers, stranger => stranger.Dispose());
        await Eventually.TrueAsync(async () => (await http.GetAsync(new Uri(node.Url, "/health/live"))).IsSuccessStatusCode);
    }
}
