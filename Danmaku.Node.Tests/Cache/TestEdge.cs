using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.HttpCache.Tests;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.Node.Tests.Cache;

/// <summary>A node as an edge in front of origins, with a clock that a test moves.</summary>
internal sealed class TestEdge : IAsyncDisposable
{
    private readonly TestNode _node;

    private TestEdge(TestNode node, ManualTimeProvider time) => (_node, Time) = (node, time);

    public ManualTimeProvider Time { get; }

    public Uri Url => _node.Url;

    public TestNode Node => _node;

    public T Service<T>()
        where T : notnull => _node.Services.GetRequiredService<T>();

    public static async Task<TestEdge> StartAsync(FakeOrigin origin, params string[] settings)
    {
        var edge = await StartAsync([$"--Danmaku:Cache:Upstreams={origin.Url.GetLeftPart(UriPartial.Authority)}", .. settings]);
        origin.Time = edge.Time;
        return edge;
    }

    public static async Task<TestEdge> StartAsync(params string[] settings)
    {
        var (time, rooms) = (new ManualTimeProvider(), new NoRooms());
        time.Advance(DateTimeOffset.UtcNow - time.GetUtcNow());
        var node = await TestNode.StartAsync(
            (services, _) =>
            {
                services.AddSingleton<IRooms>(rooms).AddSingleton<IPurger>(rooms);
                services.AddSingleton<TimeProvider>(time);
            },
            ["--Danmaku:NodeName=edge-1", .. settings]);
        return new TestEdge(node, time);
    }

    public async Task<Answer> GetAsync(string target, params (string Name, string Value)[] headers) => await SendAsync("GET", target, headers);

    public Task<Answer> SendAsync(string method, string target, (string Name, string Value)[] headers, string? body = null) =>
        Answer.OfAsync(_node.Http, Url, method, target, headers, body);

    public ValueTask DisposeAsync() => _node.DisposeAsync();
}
