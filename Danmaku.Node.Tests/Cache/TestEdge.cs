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

    public async Task<Answer> SendAsync(string method, string target, (string Name, string Value)[] headers, string? body = null)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(method),
            new Uri(Url.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Content = body is null ? null : new StringContent(body);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _node.Http.SendAsync(request);
        var all = response.Headers.Concat(response.Content.Headers).ToDictionary(
            header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, all, await response.Content.ReadAsStringAsync());
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();
}

internal sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The first word of X-Cache; empty without.</summary>
    public string Cache => this["X-Cache"].Split(' ')[0];

    /// <summary>Empty where it is absent.</summary>
    public string this[string name] => Headers.GetValueOrDefault(name, "");
}
